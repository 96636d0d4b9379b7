//! The fuzz targets, with the modules of the core's tests that they use.

#[path = "../../tests/generate/mod.rs"]
mod generate;
#[path = "../../tests/reference/mod.rs"]
mod reference;
#[path = "../../tests/support/mod.rs"]
mod support;
mod targets;

/// Runs the target with this name.
pub fn run(name: &str, bytes: &[u8]) {
    let (_, target) =
        targets::TARGETS.iter().find(|(known, _)| *known == name).unwrap_or_else(|| panic!("no target `{name}`"));
    target(bytes);
}
