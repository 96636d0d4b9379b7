//! Pages as streams of bytes: finding slots, and filling them without changing anything else.
//!
//! [`Filler`] reads a page in chunks and only inserts bytes. `tree/` says where elements begin and end, as browsers see it;
//! `selector/` finds the elements that a rule names.

mod contents;
mod element;
mod filler;
mod held;
mod reader;
mod scanner;
mod script;
mod selector;
mod slots;
mod states;
mod tag;
mod tree;

pub use contents::{Fill, Marks};
pub use filler::{Encoding, Filler, MAX_FILLS, Pushed};
pub use held::{MAX_HELD, Reason};
pub use selector::{SUPPORTED, Selector, SelectorError};
