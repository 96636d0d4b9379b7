//! Pages as streams of bytes: finding slots, and filling them without changing anything else.
//!
//! [`Filler`] reads a page in chunks and only inserts bytes. `tree/` says where elements begin and end, as browsers see it;
//! `selector/` finds the elements that a rule names.

mod element;
mod filler;
mod held;
mod reader;
mod scanner;
mod script;
mod selector;
mod tag;
mod tree;

pub use filler::{Encoding, Fill, Filler, MAX_FILLS, Marks, Pushed};
pub use held::{MAX_HELD, Reason};
pub use selector::{SUPPORTED, Selector, SelectorError};
