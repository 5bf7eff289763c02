#!/usr/bin/env bash
# Compiles FlowGate from the source of this action, so that what runs is what the
# workflow pinned, and puts it on PATH for further steps.
set -euo pipefail
folder=$RUNNER_TEMP/flowgate
mkdir -p "$folder"
cd "$(dirname "$0")/../.."
CGO_ENABLED=0 go tool mage -compile "$folder/flowgate" -ldflags='-s -w'
echo "$folder" >>"$GITHUB_PATH"
echo "program=$folder/flowgate" >>"$GITHUB_OUTPUT"
