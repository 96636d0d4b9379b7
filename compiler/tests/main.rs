//! The integration tests of the compiler in one crate, so that it is linked once, and relaxed lints are
//! listed once.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::arithmetic_side_effects,
    reason = "tests fail by panicking"
)]

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
