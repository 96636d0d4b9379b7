//! What several tests need.
#![allow(dead_code, reason = "each test uses a part of it")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

use std::path::{Path, PathBuf};

/// Vectors that others published; they are not part of the project. Without them the test is skipped, but not in CI.
pub fn conformance(part: &str) -> Option<PathBuf> {
    let default = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/conformance");
    let path = std::env::var_os("THROUGHLINE_CONFORMANCE").map_or_else(default, PathBuf::from).join(part);
    if path.is_dir() {
        return Some(path);
    }
    assert!(std::env::var_os("CI").is_none(), "no vectors at {}; set THROUGHLINE_CONFORMANCE", path.display());
    println!("skipped: no vectors at {}; set THROUGHLINE_CONFORMANCE", path.display());
    None
}
