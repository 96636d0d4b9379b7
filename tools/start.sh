#!/usr/bin/env bash
# Builds everything, creates development keys, publishes rules/ and serves the demo until Ctrl-C.
# Everything that must outlive it is in .dev/: remove that directory to start afresh.
source "$(dirname "${BASH_SOURCE[0]}")/env.sh"
cd "$root"

tools/setup.sh
tools/wasm.sh
say "building the throughline command"
cargo build "${quiet[@]}" --locked --package throughline-cli
export THROUGHLINE_CLI=$CARGO_TARGET_DIR/debug/throughline

if [[ ! -d .dev/keys ]]; then
  say "creating development keys in .dev/keys"
  "$THROUGHLINE_CLI" keys new --out .dev/keys
fi
exec node tools/start.mjs
