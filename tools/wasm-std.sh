#!/usr/bin/env bash
# Provides a compiler that can build for wasm32-unknown-unknown.
#
# The usual way is `rustup target add`. Where rustup's servers are out of reach, Debian's rustc-web packages are unpacked
# into the cache: nothing is installed, and native builds keep the rustup toolchain. `tools/cargo-wasm` uses either.
# THROUGHLINE_WASM=debian skips the first way.
source "$(dirname "${BASH_SOURCE[0]}")/env.sh"

target=wasm32-unknown-unknown

installed() { [[ -d "$(rustc --print sysroot)/lib/rustlib/$target" ]]; }

by_rustup() {
  [[ ${THROUGHLINE_WASM:-} != debian ]] || return 1
  installed && return 0
  has rustup || return 1
  say "adding the $target target (rustup, at most 20 s)"
  timeout 20 rustup target add "$target" >&2 && installed
}

debian_version() { apt-cache policy rustc-web 2>/dev/null | awk '/Candidate:/ && $2 != "(none)" { print $2 }'; }

is_recent() {
  local wanted
  wanted=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' "$root/Cargo.toml" | head -1)
  printf '%s\n%s\n' "$wanted" "$(debian_version)" | sort -CV
}

# Makes sure that apt knows the packages: a new container has no lists, an old one lists an older compiler.
refresh_apt() {
  is_recent && return 0
  say "refreshing the package lists"
  as_root apt-get update -qq
  is_recent
}

unpack() {
  local into=$1 std llvm lld
  std=$(apt-cache depends libstd-rust-web-dev | awk '/Depends: libstd-rust-web-/ { print $2; exit }')
  llvm=$(apt-cache depends "$std" | awk '/Depends: libllvm/ { print $2; exit }')
  lld=${llvm/libllvm/lld-}
  say "downloading rustc-web, $std, libstd-rust-web-dev, rust-web-src, $llvm, $lld (about 130 MB)"
  (cd "$into" && apt-get download -qq rustc-web "$std" libstd-rust-web-dev rust-web-src "$llvm" "$lld" 2>/dev/null)
  say "unpacking"
  local deb
  for deb in "$into"/*.deb; do
    case $deb in
      # Only the standard library of the sources is needed, a tenth of the files.
      */rust-web-src_*) dpkg-deb --fsys-tarfile "$deb" | tar -x -C "$into" --wildcards './usr/src/rustc-*/library' './usr/lib/rustlib/src' ;;
      *) dpkg-deb -x "$deb" "$into" ;;
    esac
    rm "$deb"
  done
}

by_debian() {
  has apt-get || return 1
  refresh_apt || return 1
  local home temporary
  home=$cache/rustc-web-$(debian_version)
  if [[ ! -x $home/usr/bin/rustc || ! $(compgen -G "$home/usr/lib/llvm-*/bin/wasm-ld") ]]; then
    mkdir -p "$cache"
    temporary=$(mktemp -d "$cache/rustc-web.XXXXXX")
    chmod 755 "$temporary"
    unpack "$temporary"
    rm -rf "$home"
    mv "$temporary" "$home"
  fi
  LD_LIBRARY_PATH=$(echo "$home"/usr/lib/*-linux-gnu) "$home/usr/bin/rustc" --version >/dev/null || return 1
  ln -sfn "$home" "$cache/rustc-web"
}

# Records the compiler for `tools/cargo-wasm`, which reads this file.
choose() {
  mkdir -p "$cache"
  printf '%s\n' "$1" >"$cache/wasm-compiler"
}

if by_rustup; then
  choose rustup
elif by_debian; then
  choose debian
else
  die "no compiler for $target" \
    "\`rustup target add $target\` failed, and Debian's rustc-web packages could not be downloaded either" \
    "make one of the two reachable"
fi
