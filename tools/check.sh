#!/usr/bin/env bash
# Format, lints, docs, and that the core stays pure. Warnings are errors.
source "$(dirname "${BASH_SOURCE[0]}")/env.sh"
cd "$root"

say "format"
cargo fmt --all --check
cargo fmt --manifest-path tools/bindgen/Cargo.toml --check

say "lints"
npm run --silent lint
cargo clippy --quiet --locked --workspace --all-targets -- -D warnings

say "purity of the core"
tools/purity.sh

say "API documentation"
RUSTDOCFLAGS="-D warnings" cargo doc --quiet --locked --workspace --no-deps
