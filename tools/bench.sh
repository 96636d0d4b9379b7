#!/usr/bin/env bash
# Benchmarks: natively with criterion, then in wasm and through the workers.
source "$(dirname "${BASH_SOURCE[0]}")/env.sh"
cd "$root"

cargo bench --quiet --locked --workspace
for suite in benches/*.bench.mjs; do
  [[ -e $suite ]] || die "there are no benchmarks in benches/*.bench.mjs"
  say "$suite"
  node "$suite"
done
