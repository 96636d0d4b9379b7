//! The integration tests of the compiler in one crate, so that it is linked once.
#![cfg(test)]
#![allow(clippy::string_slice, clippy::arithmetic_side_effects, reason = "tests fail by panicking")]

mod conditions;
mod conditions_growthbook;
mod conditions_page;
#[path = "../../tests/support/conformance.rs"]
mod conformance;
mod demo;
mod docs;
mod laws;
mod lint;
mod mistakes;
mod plans;
mod schema;
mod support;
mod templates;
