#!/bin/sh
# Makes the Secrets that the manifests name, from the installation's own files and variables:
#
#   sh secrets.sh CONFIG_FOLDER    the folder of flowgate.yaml
#
# No secret is an argument of a command, and none is written to a file. The cluster hears of nothing before all are read.
set -eu
umask 077
cd "${1:?name the folder of flowgate.yaml}"
namespace=flowgate

# Variables; each is one line.
variables=
variables="${variables}ANTHROPIC_API_KEY=${ANTHROPIC_API_KEY:?set it before this command}
"
variables="${variables}GROQ_API_KEY=${GROQ_API_KEY:?set it before this command}
"
variables="${variables}MASTER_KEY=${MASTER_KEY:?set it before this command}
"
variables="${variables}PROXY_PASSWORD=${PROXY_PASSWORD:?set it before this command}
"
variables="${variables}PROXY_USER=${PROXY_USER:?set it before this command}
"
variables="${variables}REDIS_SECRET=${REDIS_SECRET:?set it before this command}
"
variables="${variables}VLLM_KEY=${VLLM_KEY:?set it before this command}
"
[ -z "${ANTHROPIC_API_BASE:-}" ] || variables="${variables}ANTHROPIC_API_BASE=$ANTHROPIC_API_BASE
"
[ -z "${ANTHROPIC_AUTH_TOKEN:-}" ] || variables="${variables}ANTHROPIC_AUTH_TOKEN=$ANTHROPIC_AUTH_TOKEN
"
[ -z "${ANTHROPIC_BASE_URL:-}" ] || variables="${variables}ANTHROPIC_BASE_URL=$ANTHROPIC_BASE_URL
"
[ -z "${AWS_ACCESS_KEY_ID:-}" ] || variables="${variables}AWS_ACCESS_KEY_ID=$AWS_ACCESS_KEY_ID
"
[ -z "${AWS_BEARER_TOKEN_BEDROCK:-}" ] || variables="${variables}AWS_BEARER_TOKEN_BEDROCK=$AWS_BEARER_TOKEN_BEDROCK
"
[ -z "${AWS_BEDROCK_RUNTIME_ENDPOINT:-}" ] || variables="${variables}AWS_BEDROCK_RUNTIME_ENDPOINT=$AWS_BEDROCK_RUNTIME_ENDPOINT
"
[ -z "${AWS_ENDPOINT_URL_BEDROCK_RUNTIME:-}" ] || variables="${variables}AWS_ENDPOINT_URL_BEDROCK_RUNTIME=$AWS_ENDPOINT_URL_BEDROCK_RUNTIME
"
[ -z "${AWS_ENDPOINT_URL_STS:-}" ] || variables="${variables}AWS_ENDPOINT_URL_STS=$AWS_ENDPOINT_URL_STS
"
[ -z "${AWS_EXTERNAL_ID:-}" ] || variables="${variables}AWS_EXTERNAL_ID=$AWS_EXTERNAL_ID
"
[ -z "${AWS_PROFILE_NAME:-}" ] || variables="${variables}AWS_PROFILE_NAME=$AWS_PROFILE_NAME
"
[ -z "${AWS_REGION:-}" ] || variables="${variables}AWS_REGION=$AWS_REGION
"
[ -z "${AWS_ROLE_NAME:-}" ] || variables="${variables}AWS_ROLE_NAME=$AWS_ROLE_NAME
"
[ -z "${AWS_SECRET_ACCESS_KEY:-}" ] || variables="${variables}AWS_SECRET_ACCESS_KEY=$AWS_SECRET_ACCESS_KEY
"
[ -z "${AWS_SESSION_NAME:-}" ] || variables="${variables}AWS_SESSION_NAME=$AWS_SESSION_NAME
"
[ -z "${AWS_SESSION_TOKEN:-}" ] || variables="${variables}AWS_SESSION_TOKEN=$AWS_SESSION_TOKEN
"
[ -z "${AWS_STS_ENDPOINT:-}" ] || variables="${variables}AWS_STS_ENDPOINT=$AWS_STS_ENDPOINT
"
[ -z "${AWS_WEB_IDENTITY_TOKEN:-}" ] || variables="${variables}AWS_WEB_IDENTITY_TOKEN=$AWS_WEB_IDENTITY_TOKEN
"
[ -z "${GROQ_API_BASE:-}" ] || variables="${variables}GROQ_API_BASE=$GROQ_API_BASE
"
[ -z "${OPENAI_ORGANIZATION:-}" ] || variables="${variables}OPENAI_ORGANIZATION=$OPENAI_ORGANIZATION
"
[ -z "${OPENAI_ORG_ID:-}" ] || variables="${variables}OPENAI_ORG_ID=$OPENAI_ORG_ID
"
[ -z "${OPENAI_PROJECT_ID:-}" ] || variables="${variables}OPENAI_PROJECT_ID=$OPENAI_PROJECT_ID
"
[ -z "${REDIS_DB:-}" ] || variables="${variables}REDIS_DB=$REDIS_DB
"
[ -z "${REDIS_PASSWORD:-}" ] || variables="${variables}REDIS_PASSWORD=$REDIS_PASSWORD
"
[ -z "${REDIS_SSL:-}" ] || variables="${variables}REDIS_SSL=$REDIS_SSL
"
[ -z "${REDIS_USERNAME:-}" ] || variables="${variables}REDIS_USERNAME=$REDIS_USERNAME
"

apply() { kubectl apply --server-side --force-conflicts -f -; }
secret() { kubectl create secret generic "$1" --namespace "$namespace" --dry-run=client -o yaml "$2" | apply; }

kubectl create namespace "$namespace" --dry-run=client -o yaml | apply
printf '%s' "$variables" | secret router-environment --from-env-file=/dev/stdin
