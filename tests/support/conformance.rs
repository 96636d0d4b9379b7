//! Vectors that others published. They are not part of the project, so a checkout may be without them.
//!
//! `THROUGHLINE_CONFORMANCE` names their directory, by default `../shared/conformance` beside the checkout. A test without its
//! vectors prints that it is skipped. With `CI` set it fails instead, unless `THROUGHLINE_CONFORMANCE` is `skip`.
//! For the JavaScript tests, conformance.mjs does the same.

use std::io::Write;
use std::path::{Path, PathBuf};

/// Returns the path of a file or directory of the vectors, or `None` if the test is to be skipped.
#[track_caller]
pub fn path(part: &str) -> Option<PathBuf> {
    let named = std::env::var_os("THROUGHLINE_CONFORMANCE");
    if named.as_deref().is_some_and(|named| named == "skip") {
        skip(&format!("THROUGHLINE_CONFORMANCE=skip: {part}"));
        return None;
    }
    let path = named.map_or_else(beside, PathBuf::from).join(part);
    if path.exists() {
        return Some(path);
    }
    let missing = format!("no vectors at {}; set THROUGHLINE_CONFORMANCE", path.display());
    assert!(std::env::var_os("CI").is_none(), "{missing}");
    skip(&missing);
    None
}

/// Returns the text of a file of the vectors, or `None` if the test is to be skipped.
#[track_caller]
#[allow(dead_code, reason = "each test uses a part of it")]
pub fn text(part: &str) -> Option<String> {
    path(part).map(|path| std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display())))
}

/// Returns the directory beside the checkout, seen from the root package or from a member of the workspace.
fn beside() -> PathBuf {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let root = if package.join("Cargo.lock").exists() { package } else { &package.join("..") };
    root.join("../shared/conformance")
}

/// Prints to standard error directly, because `println!` of a passing test is not shown.
#[track_caller]
fn skip(reason: &str) {
    let caller = std::panic::Location::caller();
    let line = format!("SKIPPED {}:{}: {reason}\n", caller.file(), caller.line());
    let _ = std::io::stderr().write_all(line.as_bytes());
}
