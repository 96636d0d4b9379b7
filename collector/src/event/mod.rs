//! An event on its way into a profile: the identifiers it names, its record, and what became of it.

pub mod identifier;
mod record;
mod result;

pub use record::{EDGE, Record, about_person};
pub use result::IngestResult;
