#!/usr/bin/env bash
# Builds the wasm hosts: the browser core into pkg/wasm/, the workers into edge/build/ and collector/build/; and the demo shop
# that the edge serves into build/shop/, with the tag.
#
#   tools/wasm.sh [browser] [edge] [collector]    all of them by default
source "$(dirname "${BASH_SOURCE[0]}")/env.sh"

# The features that rustc emits for wasm32-unknown-unknown, and the exceptions that wasm-bindgen catches with.
# They are listed, because with `--all-features` wasm-opt may use encodings that engines do not support yet.
features=(mutable-globals sign-ext nontrapping-float-to-int bulk-memory multivalue reference-types exception-handling)

# Optimises in place, and keeps a copy with the names of functions in build/names/, for `make size`.
optimise() { # FILE HOST
  mkdir -p "$root/build/names"
  # The first KB is the end of the stack, where nothing has an address.
  wasm-opt -Oz --converge --low-memory-unused --debuginfo "${features[@]/#/--enable-}" "$1" -o "$root/build/names/$2.wasm"
  node "$root/tools/strip.mjs" "$root/build/names/$2.wasm" "$1"
}

# Returns the profile in Cargo.toml.
profile() { if [[ $1 == browser ]]; then echo browser; else echo worker; fi; }

built() { printf '%s/wasm32-unknown-unknown/%s/throughline_%s.wasm' "$wasm_target_dir" "$(profile "$1")" "$1"; }

# Runs a step unless its output is of the same inputs already.
unless_fresh() { # OUT_DIR INPUT... -- STEP...
  local out=$1 inputs=() sum
  shift
  while [[ $1 != -- ]]; do
    inputs+=("$1")
    shift
  done
  shift
  sum=$(cat "${inputs[@]}" "$root"/tools/{wasm.sh,bundle.mjs,exports.mjs,imports.mjs,sections.mjs,strip.mjs,guard.js} "$root/package-lock.json" "$cache/bindgen/throughline-bindgen" | cksum)
  [[ -f $out/.inputs && $(<"$out/.inputs") == "$sum" ]] && return 0
  rm -rf "$out"
  "$@"
  printf '%s\n' "$sum" >"$out/.inputs"
}

browser() {
  "$cache/bindgen/throughline-bindgen" web "$(built browser)" "$root/pkg/wasm"
  optimise "$root/pkg/wasm/core_bg.wasm" browser
}

worker() { # NAME
  local build=$root/$1/build
  "$cache/bindgen/throughline-bindgen" worker "$(built "$1")" "$build/bindgen"
  node "$root/tools/bundle.mjs" "$root/$1/entry.js" "$build"
  optimise "$build/index_bg.wasm" "$1"
}

node "$root/tools/shop.mjs"

hosts=("$@")
((${#hosts[@]})) || hosts=(browser edge collector)
wasm_target_dir=$("$root/tools/cargo-wasm" --target-dir)

say "compiling to WebAssembly: ${hosts[*]}"
for host in "${hosts[@]}"; do
  "$root/tools/cargo-wasm" build "${quiet[@]}" --profile "$(profile "$host")" --package "throughline-$host"
  case $host in
    browser)
      unless_fresh "$root/pkg/wasm" "$(built browser)" -- browser
      if [[ -f $root/pkg/tag.js ]]; then node "$root/tools/tag.mjs"; fi
      ;;
    edge | collector) unless_fresh "$root/$host/build" "$(built "$host")" "$root/$host"/*.js -- worker "$host" ;;
    *) die "unknown host \`$host\`, expected browser, edge or collector" ;;
  esac
done
