#!/bin/sh
# Makes the Secrets that the manifests name, from the installation's own files and variables:
#
#   sh secrets.sh CONFIG_FOLDER    the folder of flowgate.yaml
#
# No secret is an argument of a command, and none is written to a file. The cluster hears of nothing before all are read.
set -eu
umask 077
CDPATH= cd -- "${1:?name the folder of flowgate.yaml}"
namespace=flowgate

# pair NAME VALUE prints a line of a Secret. A value of two lines would become two entries.
pair() {
  case $2 in
  *"
"*)
    echo "secrets.sh: $1 has more than one line: write it on one (jq -c . does that with JSON)" >&2
    exit 1
    ;;
  esac
  printf '%s=%s' "$1" "$2"
}

# Keys that are files.
keys=
value=$(cat ../.router/secrets/gateway.key)
keys="${keys}$(pair FLOWGATE_KEY_GATEWAY "$value")
"
value=$(cat ../.router/secrets/upstream.key)
keys="${keys}$(pair FLOWGATE_KEY_UPSTREAM "$value")
"

# Variables.
variables=
[ -z "${OPENAI_ORGANIZATION:-}" ] || variables="${variables}$(pair OPENAI_ORGANIZATION "$OPENAI_ORGANIZATION")
"
[ -z "${OPENAI_ORG_ID:-}" ] || variables="${variables}$(pair OPENAI_ORG_ID "$OPENAI_ORG_ID")
"
[ -z "${OPENAI_PROJECT_ID:-}" ] || variables="${variables}$(pair OPENAI_PROJECT_ID "$OPENAI_PROJECT_ID")
"

apply() { kubectl apply --server-side --force-conflicts -f -; }
secret() { kubectl create secret generic "$1" --namespace "$namespace" --dry-run=client -o yaml "$2" | apply; }

kubectl create namespace "$namespace" --dry-run=client -o yaml | apply
printf '%s' "$keys" | secret router-keys --from-env-file=/dev/stdin
printf '%s' "$variables" | secret router-environment --from-env-file=/dev/stdin
