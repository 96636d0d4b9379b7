#!/usr/bin/env bash
# Format, lints, language, purity of the core, licences and API documentation. Warnings are errors.
source "$(dirname "${BASH_SOURCE[0]}")/env.sh"
cd "$root"

say "format"
cargo fmt --all --check
cargo fmt --manifest-path tools/bindgen/Cargo.toml --check

say "lints"
npm run --silent lint
cargo clippy --quiet --locked --workspace --all-targets -- -D warnings

say "language"
node tools/prose.mjs

say "purity of the core"
tools/purity.sh

say "licences"
node tools/licenses.mjs
if has cargo-deny; then
  cargo deny --locked --log-level error check licenses bans sources
  # The database of advisories is on GitHub, which not every machine reaches.
  if timeout 60 cargo deny --locked fetch db 2>/dev/null; then
    cargo deny --locked --log-level error check --disable-fetch advisories
  else
    say "advisories were not checked: their database could not be fetched"
  fi
fi

say "API documentation"
RUSTDOCFLAGS="-D warnings" cargo doc --quiet --locked --workspace --no-deps
