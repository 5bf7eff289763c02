#!/usr/bin/env bash
# Unpacks programs of Debian packages with the same names (haproxy, redis-server) and the libraries that
# they need into the folder $1, and prints the path of each. Nothing is installed or started on the system.
# One that is on the PATH already is taken as it is.
set -euo pipefail
folder=$1
shift
mkdir -p "$folder/bin"
cd "$folder"

# list_packages prints the package $1 and what it needs of libraries and tools, without the C library.
list_packages() {
  apt-cache depends --recurse --no-recommends --no-suggests --no-conflicts --no-breaks --no-replaces --no-enhances "$1" |
    grep -E "^(lib|$1\$|redis-tools)" | grep -vE '^(libc6|libc-bin|libgcc-s1|libstdc|libcrypt1|libpam|libperl)' | sort -u
}

# fetch downloads the package $1 and what it needs.
fetch() {
  list_packages "$1" | xargs apt-get download -q >&2
}

for program in "$@"; do
  if command -v "$program"; then
    continue
  fi
  if [ ! -x "bin/$program" ]; then
    fetch "$program" || {
      sudo=$(command -v sudo || true)
      $sudo apt-get update -q >&2
      fetch "$program"
    }
    for package in ./*.deb; do
      dpkg-deb -x "$package" .
    done
    rm -f ./*.deb
    libraries=$(find "$PWD" -path '*/lib/*-linux-gnu' -type d | paste -sd:)
    printf '#!/bin/sh\nLD_LIBRARY_PATH=%s exec %s "$@"\n' "$libraries" \
      "$(find "$PWD/usr" -name "$program" \( -type f -o -type l \) -path '*bin/*' | head -n 1)" >"bin/$program"
    chmod +x "bin/$program"
  fi
  echo "$PWD/bin/$program"
done
