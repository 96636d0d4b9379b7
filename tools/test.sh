#!/usr/bin/env bash
# Runs every suite and ends with a line `N passed, N failed`. A suite that is missing or empty has failed.
source "$(dirname "${BASH_SOURCE[0]}")/env.sh"
cd "$root"

tools/setup.sh --tests
tools/wasm.sh
CHROMIUM=$(tools/chromium.sh)
export CHROMIUM

output=$(mktemp)
trap 'rm -f "$output"' EXIT
passed=0
failed=0

# Adds up the results of a runner; a runner that fails without a failed test counts as one.
count() { # NAME STATUS PASSED FAILED
  local bad=$4
  if [[ $2 != 0 && $bad == 0 ]]; then bad=1; fi
  if [[ $2 == 0 && $3 == 0 ]]; then
    echo "suite $1: no tests ran" >&2
    bad=1
  fi
  passed=$((passed + $3))
  failed=$((failed + bad))
}

sum() { awk -v field="$1" "$2"' { total += $field } END { print total + 0 }' "$output"; }

say "cargo test"
status=0
cargo test --quiet --locked --workspace --no-fail-fast 2>&1 | tee "$output" || status=$?
count cargo "$status" "$(sum 4 '/^test result:/')" "$(sum 6 '/^test result:/')"

for suite in tools parity worker browser examples; do
  say "tests/$suite"
  status=0
  files=(tests/"$suite"/*.test.mjs)
  node --test --test-reporter=spec --test-timeout=600000 "${files[@]}" 2>&1 | tee "$output" || status=$?
  count "tests/$suite" "$status" "$(sum 3 '/^ℹ pass /')" "$(sum 3 '/^ℹ fail /')"
done

echo "$passed passed, $failed failed"
((failed == 0))
