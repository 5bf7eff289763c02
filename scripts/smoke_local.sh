#!/bin/sh
# mage smoke, as the Python FlowGate's script of this name is called. PROFILE is the profile of a
# private router, STARTUP_TIMEOUT the seconds until it must be ready, SMOKE_CLIENT_API_KEY the key that clients
# of a router elsewhere (-url=…) send. POLL_INTERVAL and SMOKE_UPSTREAM_CLIPROXY_API_KEY are not needed.
. "$(dirname -- "$0")/run.sh"
[ -z "${SMOKE_CLIENT_API_KEY:-}" ] || export FLOWGATE_GATEWAY_KEY="$SMOKE_CLIENT_API_KEY"
run smoke ${PROFILE:+"-profile=$PROFILE"} ${STARTUP_TIMEOUT:+"-timeout=$STARTUP_TIMEOUT"} "$@"
