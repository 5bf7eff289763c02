# Sourced by the scripts beside it: run TARGET... executes FlowGate in the folder above.
# FLOWGATE names the program; without it flowgate on PATH, else this clone through Go.
set -eu
cd -- "$(dirname -- "$0")/.."
run() {
	if [ -n "${FLOWGATE:-}" ]; then
		exec "$FLOWGATE" "$@"
	elif command -v flowgate >/dev/null; then
		exec flowgate "$@"
	fi
	exec go tool mage "$@"
}
