#!/bin/sh
# Makes the Secrets that the manifests name, from the installation's own files and variables:
#
#   sh secrets.sh CONFIG_FOLDER    the folder of flowgate.yaml
#
# No secret is an argument of a command, and none is written to a file.
set -eu
umask 077
cd "${1:?name the folder of flowgate.yaml}"
namespace=team-llm

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

# CLIProxyAPI's own file, with the addresses and folders of the pod.
data=$(sed -e '/^host:/d' -e '/^port:/d' -e '/^auth-dir:/d' cliproxyapi.yaml)
printf '%s\nhost: ""\nport: 8317\nauth-dir: /data/auths\n' "$data" |
  secret cliproxyapi-config --from-file=config.yaml=/dev/stdin

# Redis' password is made once.
if ! kubectl get secret redis --namespace "$namespace" >/dev/null 2>&1; then
  password=$(od -An -N24 -tx1 /dev/urandom | tr -d ' \n')
  apply <<END
apiVersion: v1
kind: Secret
metadata:
  name: redis
  namespace: $namespace
stringData:
  password: "$password"
  auth.conf: |
    requirepass $password
END
fi
