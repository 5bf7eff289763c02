#!/usr/bin/env bash
# Installs the browser that the tests of the page run (mage test:page), where there is none.
set -euo pipefail
if command -v chromium >/dev/null || command -v google-chrome >/dev/null; then
  exit 0
fi
sudo=$(command -v sudo || true)
install() { $sudo apt-get install -qy --no-install-recommends chromium fonts-dejavu-core; }
install || { $sudo apt-get update -q && install; }
