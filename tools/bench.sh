#!/usr/bin/env bash
# Runs the benchmarks natively, in wasm, for pages through the edge, and against the peers in Node and
# workerd. Writes docs/benchmarks.md. A missed budget is reported but does not fail, because machines differ.
source "$(dirname "${BASH_SOURCE[0]}")/env.sh"
cd "$root"

say "installing the peers of benches/package-lock.json"
(cd benches && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >&2)
say "building release binaries"
cargo bench "${quiet[@]}" --locked --package throughline --bench decide --no-run
cargo build "${quiet[@]}" --locked --release --package throughline-cli
export THROUGHLINE_CLI=$CARGO_TARGET_DIR/release/throughline
THROUGHLINE_BENCH_DIR=$(mktemp -d)
export THROUGHLINE_BENCH_DIR
trap 'rm -rf "$THROUGHLINE_BENCH_DIR"' EXIT

cargo bench "${quiet[@]}" --locked --package throughline --bench decide -- --quiet
if has valgrind; then
  instructions=$(CARGO_PROFILE_BENCH_DEBUG=line-tables-only cargo bench "${quiet[@]}" --locked --package throughline --bench instructions --no-run --message-format=json |
    node -e 'const lines = require("node:fs").readFileSync(0, "utf8").split("\n"); console.log(JSON.parse(lines.findLast((line) => line.includes("\"executable\":\"")) ?? "{}").executable ?? "")')
fi
say "benches/profile.mjs"
node benches/profile.mjs ${instructions:+"$instructions"}
for suite in benches/{native,wasm.bench,page.bench,freshness}.mjs benches/peers/{node,workerd}.mjs; do
  say "$suite"
  node "$suite"
done
node benches/report.mjs
say "wrote docs/benchmarks.md and its plots"
