# Sourced by every script here: paths, and output for the person who waits.

set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cache=${THROUGHLINE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/throughline}

# Build output is shared by all checkouts, so that a fresh clone compiles only what it changed.
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$cache/target}
export PATH="$root/node_modules/.bin:$PATH:$HOME/.cargo/bin"

# rust-toolchain.toml asks rustup for `stable`. A machine that has one pinned version instead keeps using that.
if [[ -z ${RUSTUP_TOOLCHAIN:-} ]] && command -v rustup >/dev/null && [[ $(rustup toolchain list) != *stable-* ]]; then
  pinned=$(cd / && rustup default 2>/dev/null | cut -d' ' -f1)
  [[ -z $pinned ]] || export RUSTUP_TOOLCHAIN=$pinned
fi

say() { printf '\033[1m==>\033[0m %s\n' "$*" >&2; }

die() {
  printf 'error: %s\n' "$1" >&2
  shift
  if (($#)); then printf '  %s\n' "$@" >&2; fi
  exit 1
}

# Cargo shows its progress to a person and is brief in a log.
quiet=()
[[ -t 2 ]] || quiet=(--quiet)

has() { command -v "$1" >/dev/null 2>&1; }

# Runs a command as root, or prints which command needs it.
as_root() {
  if [[ $(id -u) == 0 ]]; then
    "$@"
  elif has sudo && sudo -n true 2>/dev/null; then
    sudo -n "$@"
  else
    die "this command needs root: $*" "run it yourself, then try again"
  fi
}

# The version of a crate in the project's Cargo.lock.
locked_version() {
  awk -v name="name = \"$1\"" '$0 == name { getline; gsub(/"/, "", $3); print $3; exit }' "$root/Cargo.lock"
}
