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

# Variables.
variables=
: "${ANTHROPIC_API_KEY:?set it before this command}"
variables="${variables}$(pair ANTHROPIC_API_KEY "$ANTHROPIC_API_KEY")
"
: "${GROQ_API_KEY:?set it before this command}"
variables="${variables}$(pair GROQ_API_KEY "$GROQ_API_KEY")
"
: "${MASTER_KEY:?set it before this command}"
variables="${variables}$(pair MASTER_KEY "$MASTER_KEY")
"
: "${PROXY_PASSWORD:?set it before this command}"
variables="${variables}$(pair PROXY_PASSWORD "$PROXY_PASSWORD")
"
: "${PROXY_USER:?set it before this command}"
variables="${variables}$(pair PROXY_USER "$PROXY_USER")
"
: "${REDIS_SECRET:?set it before this command}"
variables="${variables}$(pair REDIS_SECRET "$REDIS_SECRET")
"
: "${VLLM_KEY:?set it before this command}"
variables="${variables}$(pair VLLM_KEY "$VLLM_KEY")
"
[ -z "${ANTHROPIC_API_BASE:-}" ] || variables="${variables}$(pair ANTHROPIC_API_BASE "$ANTHROPIC_API_BASE")
"
[ -z "${ANTHROPIC_AUTH_TOKEN:-}" ] || variables="${variables}$(pair ANTHROPIC_AUTH_TOKEN "$ANTHROPIC_AUTH_TOKEN")
"
[ -z "${ANTHROPIC_BASE_URL:-}" ] || variables="${variables}$(pair ANTHROPIC_BASE_URL "$ANTHROPIC_BASE_URL")
"
[ -z "${AWS_ACCESS_KEY_ID:-}" ] || variables="${variables}$(pair AWS_ACCESS_KEY_ID "$AWS_ACCESS_KEY_ID")
"
[ -z "${AWS_BEARER_TOKEN_BEDROCK:-}" ] || variables="${variables}$(pair AWS_BEARER_TOKEN_BEDROCK "$AWS_BEARER_TOKEN_BEDROCK")
"
[ -z "${AWS_BEDROCK_RUNTIME_ENDPOINT:-}" ] || variables="${variables}$(pair AWS_BEDROCK_RUNTIME_ENDPOINT "$AWS_BEDROCK_RUNTIME_ENDPOINT")
"
[ -z "${AWS_ENDPOINT_URL_BEDROCK_RUNTIME:-}" ] || variables="${variables}$(pair AWS_ENDPOINT_URL_BEDROCK_RUNTIME "$AWS_ENDPOINT_URL_BEDROCK_RUNTIME")
"
[ -z "${AWS_ENDPOINT_URL_STS:-}" ] || variables="${variables}$(pair AWS_ENDPOINT_URL_STS "$AWS_ENDPOINT_URL_STS")
"
[ -z "${AWS_EXTERNAL_ID:-}" ] || variables="${variables}$(pair AWS_EXTERNAL_ID "$AWS_EXTERNAL_ID")
"
[ -z "${AWS_PROFILE_NAME:-}" ] || variables="${variables}$(pair AWS_PROFILE_NAME "$AWS_PROFILE_NAME")
"
[ -z "${AWS_REGION:-}" ] || variables="${variables}$(pair AWS_REGION "$AWS_REGION")
"
[ -z "${AWS_ROLE_NAME:-}" ] || variables="${variables}$(pair AWS_ROLE_NAME "$AWS_ROLE_NAME")
"
[ -z "${AWS_SECRET_ACCESS_KEY:-}" ] || variables="${variables}$(pair AWS_SECRET_ACCESS_KEY "$AWS_SECRET_ACCESS_KEY")
"
[ -z "${AWS_SESSION_NAME:-}" ] || variables="${variables}$(pair AWS_SESSION_NAME "$AWS_SESSION_NAME")
"
[ -z "${AWS_SESSION_TOKEN:-}" ] || variables="${variables}$(pair AWS_SESSION_TOKEN "$AWS_SESSION_TOKEN")
"
[ -z "${AWS_STS_ENDPOINT:-}" ] || variables="${variables}$(pair AWS_STS_ENDPOINT "$AWS_STS_ENDPOINT")
"
[ -z "${AWS_WEB_IDENTITY_TOKEN:-}" ] || variables="${variables}$(pair AWS_WEB_IDENTITY_TOKEN "$AWS_WEB_IDENTITY_TOKEN")
"
[ -z "${GROQ_API_BASE:-}" ] || variables="${variables}$(pair GROQ_API_BASE "$GROQ_API_BASE")
"
[ -z "${OPENAI_ORGANIZATION:-}" ] || variables="${variables}$(pair OPENAI_ORGANIZATION "$OPENAI_ORGANIZATION")
"
[ -z "${OPENAI_ORG_ID:-}" ] || variables="${variables}$(pair OPENAI_ORG_ID "$OPENAI_ORG_ID")
"
[ -z "${OPENAI_PROJECT_ID:-}" ] || variables="${variables}$(pair OPENAI_PROJECT_ID "$OPENAI_PROJECT_ID")
"
[ -z "${REDIS_DB:-}" ] || variables="${variables}$(pair REDIS_DB "$REDIS_DB")
"
[ -z "${REDIS_PASSWORD:-}" ] || variables="${variables}$(pair REDIS_PASSWORD "$REDIS_PASSWORD")
"
[ -z "${REDIS_SSL:-}" ] || variables="${variables}$(pair REDIS_SSL "$REDIS_SSL")
"
[ -z "${REDIS_USERNAME:-}" ] || variables="${variables}$(pair REDIS_USERNAME "$REDIS_USERNAME")
"

apply() { kubectl apply --server-side --force-conflicts -f -; }
secret() { kubectl create secret generic "$1" --namespace "$namespace" --dry-run=client -o yaml "$2" | apply; }

kubectl create namespace "$namespace" --dry-run=client -o yaml | apply
printf '%s' "$variables" | secret router-environment --from-env-file=/dev/stdin
