#!/bin/sh
# mage security-check, as the Python FlowGate's script of this name is called.
. "$(dirname -- "$0")/run.sh"
run security-check "$@"
