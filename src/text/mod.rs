//! Strings: lower case, URLs and hashes that are equal on all hosts.

pub(crate) mod fnv;
mod lowercase;
mod lowercase_tables;
#[cfg(test)]
#[allow(clippy::arithmetic_side_effects, clippy::cast_possible_truncation, reason = "tests fail by panicking")]
mod lowercase_tests;
pub(crate) mod normal_address;
pub(crate) mod percent;
pub(crate) mod url;

pub use lowercase::lowercase;
pub(crate) use lowercase::lowercase_char;
