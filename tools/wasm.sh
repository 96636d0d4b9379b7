#!/usr/bin/env bash
# Builds the wasm hosts: the browser core into pkg/wasm/, with the tag into www/shop/_tl/; the workers into edge/build/ and
# collector/build/.
#
#   tools/wasm.sh [browser] [edge] [collector]    all of them by default
source "$(dirname "${BASH_SOURCE[0]}")/env.sh"

# What rustc emits for wasm32-unknown-unknown, and the exceptions that wasm-bindgen catches with. Spelled out, because with
# `--all-features` wasm-opt may use encodings that engines do not know yet.
features=(mutable-globals sign-ext nontrapping-float-to-int bulk-memory multivalue reference-types exception-handling)

optimise() { # LEVEL FILE
  wasm-opt "$1" "${features[@]/#/--enable-}" --strip-debug --strip-producers --strip-target-features "$2" -o "$2.small"
  mv "$2.small" "$2"
}

built() { printf '%s/wasm32-unknown-unknown/release/throughline_%s.wasm' "$wasm_target_dir" "$1"; }

browser() {
  rm -rf "$root/pkg/wasm"
  "$cache/bindgen/throughline-bindgen" web "$(built browser)" "$root/pkg/wasm"
  optimise -Oz "$root/pkg/wasm/core_bg.wasm"
  if [[ -f $root/pkg/tag.js ]]; then node "$root/tools/tag.mjs"; fi
}

worker() { # NAME
  local build=$root/$1/build
  rm -rf "$build"
  "$cache/bindgen/throughline-bindgen" worker "$(built "$1")" "$build/bindgen"
  optimise -O3 "$build/bindgen/index_bg.wasm"
  node "$root/tools/bundle.mjs" "$root/$1/entry.js" "$build"
}

hosts=("$@")
((${#hosts[@]})) || hosts=(browser edge collector)
wasm_target_dir=$("$root/tools/cargo-wasm" --target-dir)

say "compiling to wasm: ${hosts[*]}"
"$root/tools/cargo-wasm" build --quiet --release "${hosts[@]/#/--package=throughline-}"
for host in "${hosts[@]}"; do
  case $host in
    browser) browser ;;
    edge | collector) worker "$host" ;;
    *) die "unknown host \`$host\`, expected browser, edge or collector" ;;
  esac
done
