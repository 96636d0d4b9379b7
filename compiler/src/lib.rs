//! Rules to plan: schema, diagnostics, compilation.

pub mod duration;
pub mod regex;
pub mod time;
pub mod diagnostic;
pub mod tree;
