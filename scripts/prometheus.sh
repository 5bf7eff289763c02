#!/usr/bin/env bash
# Unpacks Debian's Prometheus into the folder $1 and prints the path of its program. Nothing is installed or
# started on the system. One that is on the PATH already is taken as it is.
set -euo pipefail
if command -v prometheus; then
  exit 0
fi
mkdir -p "$1"
cd "$1"
fetch() { apt-get download -q prometheus >&2; }
fetch || {
  sudo=$(command -v sudo || true)
  $sudo apt-get update -q >&2
  fetch
}
dpkg-deb -x prometheus_*.deb .
rm -f prometheus_*.deb
echo "$PWD/usr/bin/prometheus"
