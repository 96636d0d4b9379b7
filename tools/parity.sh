#!/usr/bin/env bash
# Checks law 1 on many cases: Node, workerd and Chromium decide byte for byte as the native core does. `make
# test` compares some thousands; here THROUGHLINE_CASES (by default 100,000) are written once and decided by
# every host.
source "$(dirname "${BASH_SOURCE[0]}")/env.sh"
cd "$root"

export THROUGHLINE_CASES=${THROUGHLINE_CASES:-100000}
tools/setup.sh --tests
tools/wasm.sh browser
CHROMIUM=$(tools/chromium.sh)
THROUGHLINE_CORPUS=$(mktemp -d)
export CHROMIUM THROUGHLINE_CORPUS
trap 'rm -rf "$THROUGHLINE_CORPUS"' EXIT

say "native core: $THROUGHLINE_CASES generated cases, and the cases in tests/data"
cargo run "${quiet[@]}" --locked --example corpus -- "$THROUGHLINE_CORPUS"
for host in node workerd chromium; do
  say "$host"
  node --test --test-reporter=spec --test-name-pattern='as the native core' "tests/parity/$host.test.mjs"
done
