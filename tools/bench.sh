#!/usr/bin/env bash
# Benchmarks, as one table: natively, then in wasm, then pages through the edge. Over budget is said, not failed: machines differ.
source "$(dirname "${BASH_SOURCE[0]}")/env.sh"
cd "$root"

cargo bench --quiet --locked --package throughline --bench decide --no-run
cargo build --quiet --locked --package throughline-cli
printf '%-58s %22s %9s\n' 'what' 'measured' 'budget'
cargo bench --quiet --locked --package throughline --bench decide
for suite in benches/*.bench.mjs; do
  [[ -e $suite ]] || die "there are no benchmarks in benches/*.bench.mjs"
  node "$suite"
done
