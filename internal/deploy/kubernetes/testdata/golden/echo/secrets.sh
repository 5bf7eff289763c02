#!/bin/sh
# Makes the Secrets that the manifests name, from the installation's own files and variables:
#
#   sh secrets.sh CONFIG_FOLDER    the folder of flowgate.yaml
#
# No secret is an argument of a command, and none is written to a file.
set -eu
umask 077
cd "${1:?name the folder of flowgate.yaml}"
namespace=flowgate

apply() { kubectl apply --server-side --force-conflicts -f -; }
secret() { kubectl create secret generic "$1" --namespace "$namespace" --dry-run=client -o yaml "$2" | apply; }

kubectl create namespace "$namespace" --dry-run=client -o yaml | apply

# Keys that are files.
data=
value=$(cat ../.router/secrets/gateway.key)
data="${data}FLOWGATE_KEY_GATEWAY=$value
"
value=$(cat ../.router/secrets/upstream.key)
data="${data}FLOWGATE_KEY_UPSTREAM=$value
"
printf '%s' "$data" | secret router-keys --from-env-file=/dev/stdin

# Variables; each is one line.
data=
[ -z "${OPENAI_ORGANIZATION:-}" ] || data="${data}OPENAI_ORGANIZATION=$OPENAI_ORGANIZATION
"
[ -z "${OPENAI_ORG_ID:-}" ] || data="${data}OPENAI_ORG_ID=$OPENAI_ORG_ID
"
[ -z "${OPENAI_PROJECT_ID:-}" ] || data="${data}OPENAI_PROJECT_ID=$OPENAI_PROJECT_ID
"
printf '%s' "$data" | secret router-environment --from-env-file=/dev/stdin
