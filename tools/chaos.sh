#!/usr/bin/env bash
# Runs edge and collector in bad weather for CHAOS_SECONDS (60), and verifies afterwards that every acknowledged event counts
# once, that no page was broken, and that every refusal was kept. CHAOS_SEED repeats the choices of a run, CHAOS_LOG=1 shows
# what the workers log.
source "$(dirname "${BASH_SOURCE[0]}")/env.sh"
cd "$root"

tools/setup.sh
tools/wasm.sh edge collector
say "chaos"
exec node tests/chaos/chaos.mjs
