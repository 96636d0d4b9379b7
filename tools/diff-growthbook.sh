#!/usr/bin/env bash
# Asks GrowthBook's JavaScript SDK and the core the same generated questions. CASES (100,000) is the number of
# compared evaluations, SEED (random, and printed) selects them. A difference is minimised, printed, and
# fails.
source "$(dirname "${BASH_SOURCE[0]}")/env.sh"
cd "$root"

tools/setup.sh

cargo build "${quiet[@]}" --locked --release --example growthbook
exec node tests/growthbook/diff.mjs --core "$CARGO_TARGET_DIR/release/examples/growthbook" \
  --cases "${CASES:-100000}" --seed "${SEED:-$RANDOM$RANDOM}"
