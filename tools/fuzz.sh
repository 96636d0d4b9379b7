#!/usr/bin/env bash
# Fuzzes every target, or those that are named, for FUZZ_SECONDS (by default 20): tools/fuzz.sh token plan
#
# It uses libFuzzer without cargo-fuzz: the flags below are all that cargo-fuzz adds. They need no nightly
# compiler, because code without `unsafe` needs no sanitizer. Inputs that were found accumulate in
# fuzz/corpus/, a failing input is written to fuzz/artifacts/ and shown. After the fix, move it to
# fuzz/seeds/TARGET/ under the name of its cause: `cargo test` replays it from then on.
source "$(dirname "${BASH_SOURCE[0]}")/env.sh"
cd "$root/fuzz"

seconds=${FUZZ_SECONDS:-20}
target=$(rustc -vV | sed -n 's/^host: //p')
flags=(
  -Cpasses=sancov-module
  -Cllvm-args=-sanitizer-coverage-level=4
  -Cllvm-args=-sanitizer-coverage-inline-8bit-counters
  -Cllvm-args=-sanitizer-coverage-pc-table
  -Cllvm-args=-sanitizer-coverage-trace-compares
  --cfg=fuzzing
)
has c++ || die "C++ compiler not found; libFuzzer needs one" "install g++ or clang, on Debian: apt-get install g++"

names=("$@")
((${#names[@]})) || mapfile -t names < <(basename -s .rs fuzz_targets/*.rs)

say "building ${#names[@]} fuzz targets"
RUSTFLAGS="${flags[*]}" cargo build "${quiet[@]}" --release --target "$target" --target-dir "$CARGO_TARGET_DIR/fuzz"

failed=()
log=$(mktemp)
trap 'rm -f "$log"' EXIT
for name in "${names[@]}"; do
  [[ -d seeds/$name ]] || die "unknown fuzz target \`$name\`" "expected one of: $(basename -s .rs fuzz_targets/*.rs | tr '\n' ' ')"
  say "fuzzing $name for $seconds s"
  mkdir -p "corpus/$name" "artifacts/$name"
  options=(-max_total_time="$seconds" -timeout=10 -max_len=4096 -rss_limit_mb=4096 -print_final_stats=1 -artifact_prefix="artifacts/$name/")
  [[ -f $name.dict ]] && options+=(-dict="$name.dict")
  if "$CARGO_TARGET_DIR/fuzz/$target/release/$name" "${options[@]}" "corpus/$name" "seeds/$name" >"$log" 2>&1; then
    awk '/^stat::number_of_executed_units/ { runs = $2 } / cov: / { line = $0 } END { print runs " runs; " line }' "$log" >&2
  else
    tail -n 60 "$log" >&2
    failed+=("$name")
  fi
done
((${#failed[@]} == 0)) || die "fuzz targets failed: ${failed[*]}" "their inputs are in fuzz/artifacts/"
