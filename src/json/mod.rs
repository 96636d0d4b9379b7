//! JSON: values, a reader that fills types directly, and canonical output (RFC 8785).

pub mod canonical;
pub(crate) mod codec;
mod codec_impls;
pub(crate) mod escape;
pub(crate) mod input;
pub(crate) mod lenient;
pub(crate) mod number;
pub(crate) mod raw;
pub(crate) mod reader;
pub(crate) mod value;
pub(crate) mod value_ref;

pub use codec::ShapeError;
pub use input::DecodeError;
pub use reader::{JsonError, parse};
pub use value::{Object, Value};
pub use value_ref::ValueRef;
