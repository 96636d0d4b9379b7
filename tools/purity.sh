#!/usr/bin/env bash
# Fails when the core gains a host dependency: a crate that is not on the list, or a call that reaches
# outside.
source "$(dirname "${BASH_SOURCE[0]}")/env.sh"

allowed=$root/tools/core/dependencies.txt
found=$(cargo tree --locked --quiet --package throughline --edges normal,build --target all --prefix none --format '{p}' | awk '{ print $1 }' | sort -u)

unlisted=$(comm -23 <(printf '%s\n' "$found") <(grep -v '^#' "$allowed" | sort))
[[ -z $unlisted ]] || die "the core depends on crates that are not in tools/core/dependencies.txt: ${unlisted//$'\n'/, }" \
  "list a crate there only if it is pure: no clock, no randomness, no I/O, no JavaScript"

gone=$(comm -13 <(printf '%s\n' "$found") <(grep -v '^#' "$allowed" | sort))
[[ -z $gone ]] || die "tools/core/dependencies.txt lists crates that the core no longer uses: ${gone//$'\n'/, }" "remove them from the list"

CLIPPY_CONF_DIR=$root/tools/core cargo clippy --quiet --locked --package throughline --lib -- -D warnings
