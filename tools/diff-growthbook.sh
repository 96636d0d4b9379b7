#!/usr/bin/env bash
# GrowthBook's JavaScript SDK and the core are asked the same generated questions. CASES (100,000) says how many evaluations are compared,
# SEED (random, and printed) which ones. A difference is made as small as it can be, printed, and fails.
source "$(dirname "${BASH_SOURCE[0]}")/env.sh"
cd "$root"

tools/setup.sh

cargo build "${quiet[@]}" --locked --release --example growthbook
exec node tests/growthbook/diff.mjs --core "$CARGO_TARGET_DIR/release/examples/growthbook" \
  --cases "${CASES:-100000}" --seed "${SEED:-$RANDOM$RANDOM}"
