#!/usr/bin/env bash
# Prints the path of the Chromium that the browser tests use.
source "$(dirname "${BASH_SOURCE[0]}")/env.sh"

for name in ${CHROMIUM:-} chromium chromium-browser google-chrome google-chrome-stable; do
  if has "$name"; then
    command -v "$name"
    exit 0
  fi
done
die "Chromium not found" "run tools/setup.sh --tests, or set CHROMIUM to its path"
