//! Source files: parsed to trees of values with spans, read with cursors, and reported on in diagnostics.

pub(crate) mod cursor;
pub mod diagnostic;
pub mod duration;
mod json;
pub(crate) mod parse;
pub(crate) mod report;
mod syntax_error;
pub mod time;
pub mod tree;
mod yaml;
mod yaml_mistake;
