#!/bin/sh
# Makes the Secrets that the manifests name, from the installation's own files and variables:
#
#   sh secrets.sh CONFIG_FOLDER    the folder of flowgate.yaml
#
# No secret is an argument of a command, and none is written to a file. The cluster hears of nothing before all are read.
set -eu
umask 077
CDPATH= cd -- "${1:?name the folder of flowgate.yaml}"
namespace=team-llm

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

# CLIProxyAPI's own file, with the addresses and folders of the pod.
upstream=$(sed -e '/^host:/d' -e '/^port:/d' -e '/^auth-dir:/d' cliproxyapi.yaml)

apply() { kubectl apply --server-side --force-conflicts -f -; }
secret() { kubectl create secret generic "$1" --namespace "$namespace" --dry-run=client -o yaml "$2" | apply; }

kubectl create namespace "$namespace" --dry-run=client -o yaml | apply
printf '%s' "$keys" | secret router-keys --from-env-file=/dev/stdin
printf '%s' "$variables" | secret router-environment --from-env-file=/dev/stdin
printf '%s\nhost: ""\nport: 8317\nauth-dir: /data/auths\n' "$upstream" |
  secret cliproxyapi-config --from-file=config.yaml=/dev/stdin

# Redis' password is made once; a cluster that does not answer is no reason for another one.
made=$(kubectl get secret redis --namespace "$namespace" --ignore-not-found -o name)
if [ -z "$made" ]; then
  password=$(od -An -N24 -tx1 /dev/urandom | tr -d ' \n')
  if [ ${#password} -ne 48 ]; then
    echo "secrets.sh: no password could be made for Redis: od or /dev/urandom is missing" >&2
    exit 1
  fi
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
