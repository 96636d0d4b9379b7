//! Rules to plan: schema, diagnostics, compilation.

pub mod diagnostic;
pub mod tree;
