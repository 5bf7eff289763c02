#!/bin/sh
# mage doctor, as the Python FlowGate's script of this name is called.
. "$(dirname -- "$0")/run.sh"
run doctor "$@"
