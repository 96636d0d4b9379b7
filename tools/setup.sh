#!/usr/bin/env bash
# Provides everything that building and testing need, and prints what it does. The second run is quick.
#
#   tools/setup.sh            enough to build and to start
#   tools/setup.sh --tests    and a Chromium for the browser tests
#
# Downloads go to the cache ($THROUGHLINE_CACHE, by default ~/.cache/throughline) and to node_modules/,
# nowhere else. Only Rust, when there is no cargo, and Chromium, when no browser is found, are installed, by
# rustup or as Debian packages.
source "$(dirname "${BASH_SOURCE[0]}")/env.sh"

# The usual Rust: the way of https://rustup.rs, given up soon where its servers are out of reach.
rustup_init() {
  local script
  has curl || return 1
  script=$(mktemp)
  say "installing Rust with rustup (gives up after 10 s if its server cannot be reached)"
  timeout 10 curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs -o "$script" &&
    timeout 600 sh "$script" -y --quiet --profile minimal --no-modify-path >&2 && has cargo
}

# Debian's newest Rust, which its browsers are built with.
debian_rust() {
  has apt-get || return 1
  say "installing the Debian packages cargo-web and rustc-web instead"
  as_root apt-get update -qq && as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends cargo-web rustc-web >/dev/null && has cargo
}

rust() {
  has cargo || rustup_init || debian_rust || die "cargo not found, and installing it failed" "install Rust with rustup, see https://rustup.rs, then try again"
  has cc || die "C linker not found" "install gcc or clang, on Debian: apt-get install gcc libc6-dev"
  local wanted found
  wanted=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' "$root/Cargo.toml" | head -1)
  found=$(rustc --version | awk '{ print $2 }')
  printf '%s\n%s\n' "$wanted" "$found" | sort -CV ||
    die "found Rust $found, expected $wanted or newer" "run: rustup update stable"
}

# The wasm-bindgen step, built once for each version of the crate.
bindgen() {
  local crate tool home
  crate=$(locked_version wasm-bindgen)
  tool=$(sed -n 's/^wasm-bindgen-cli-support = "=\(.*\)"/\1/p' "$root/tools/bindgen/Cargo.toml")
  [[ $crate == "$tool" ]] ||
    die "wasm-bindgen is $crate in Cargo.lock but $tool in tools/bindgen/Cargo.toml" "the versions must be equal: change the latter"
  home=$cache/bindgen-$crate-$(cat "$root"/tools/bindgen/{Cargo.toml,src/main.rs} | cksum | cut -d' ' -f1)
  if [[ ! -x $home/throughline-bindgen ]]; then
    say "building the wasm-bindgen tool (takes some minutes)"
    cargo build "${quiet[@]}" --release --locked --manifest-path "$root/tools/bindgen/Cargo.toml" --target-dir "$cache/bindgen-build"
    mkdir -p "$home"
    mv "$cache/bindgen-build/release/throughline-bindgen" "$home/"
    rm -rf "$cache/bindgen-build"
  fi
  ln -sfn "$home" "$cache/bindgen"
}

# The npm packages of package-lock.json, among them the Node that everything here runs with.
node_packages() {
  has npm || die "npm not found" "install Node 20 or newer with npm, on Debian: apt-get install nodejs npm"
  local lock stamp=$root/node_modules/.throughline-lock
  lock=$(cksum <"$root/package-lock.json")
  [[ -f $stamp && $(<"$stamp") == "$lock" ]] && return 0
  say "installing the npm packages of package-lock.json"
  (cd "$root" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >&2)
  has workerd || die "the npm package workerd has no binary for this machine" "it supports Linux and macOS on x64 and arm64"
  printf '%s\n' "$lock" >"$stamp"
}

chromium() {
  "$root/tools/chromium.sh" >/dev/null 2>&1 && return 0
  has apt-get || die "Chromium not found" "install it, or set CHROMIUM to its path"
  say "installing the Debian package chromium for the browser tests"
  as_root apt-get update -qq
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium >/dev/null
  "$root/tools/chromium.sh" >/dev/null
}

rust
"$root/tools/wasm-std.sh"
bindgen
node_packages
if [[ ${1:-} == --tests ]]; then chromium; fi
