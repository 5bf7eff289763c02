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

# Variables; each is one line.
data=
data="${data}ANTHROPIC_API_KEY=${ANTHROPIC_API_KEY:?set it before this command}
"
data="${data}GROQ_API_KEY=${GROQ_API_KEY:?set it before this command}
"
data="${data}MASTER_KEY=${MASTER_KEY:?set it before this command}
"
data="${data}PROXY_PASSWORD=${PROXY_PASSWORD:?set it before this command}
"
data="${data}PROXY_USER=${PROXY_USER:?set it before this command}
"
data="${data}REDIS_SECRET=${REDIS_SECRET:?set it before this command}
"
data="${data}VLLM_KEY=${VLLM_KEY:?set it before this command}
"
[ -z "${ANTHROPIC_API_BASE:-}" ] || data="${data}ANTHROPIC_API_BASE=$ANTHROPIC_API_BASE
"
[ -z "${ANTHROPIC_AUTH_TOKEN:-}" ] || data="${data}ANTHROPIC_AUTH_TOKEN=$ANTHROPIC_AUTH_TOKEN
"
[ -z "${ANTHROPIC_BASE_URL:-}" ] || data="${data}ANTHROPIC_BASE_URL=$ANTHROPIC_BASE_URL
"
[ -z "${AWS_ACCESS_KEY_ID:-}" ] || data="${data}AWS_ACCESS_KEY_ID=$AWS_ACCESS_KEY_ID
"
[ -z "${AWS_BEARER_TOKEN_BEDROCK:-}" ] || data="${data}AWS_BEARER_TOKEN_BEDROCK=$AWS_BEARER_TOKEN_BEDROCK
"
[ -z "${AWS_BEDROCK_RUNTIME_ENDPOINT:-}" ] || data="${data}AWS_BEDROCK_RUNTIME_ENDPOINT=$AWS_BEDROCK_RUNTIME_ENDPOINT
"
[ -z "${AWS_ENDPOINT_URL_BEDROCK_RUNTIME:-}" ] || data="${data}AWS_ENDPOINT_URL_BEDROCK_RUNTIME=$AWS_ENDPOINT_URL_BEDROCK_RUNTIME
"
[ -z "${AWS_ENDPOINT_URL_STS:-}" ] || data="${data}AWS_ENDPOINT_URL_STS=$AWS_ENDPOINT_URL_STS
"
[ -z "${AWS_EXTERNAL_ID:-}" ] || data="${data}AWS_EXTERNAL_ID=$AWS_EXTERNAL_ID
"
[ -z "${AWS_PROFILE_NAME:-}" ] || data="${data}AWS_PROFILE_NAME=$AWS_PROFILE_NAME
"
[ -z "${AWS_REGION:-}" ] || data="${data}AWS_REGION=$AWS_REGION
"
[ -z "${AWS_ROLE_NAME:-}" ] || data="${data}AWS_ROLE_NAME=$AWS_ROLE_NAME
"
[ -z "${AWS_SECRET_ACCESS_KEY:-}" ] || data="${data}AWS_SECRET_ACCESS_KEY=$AWS_SECRET_ACCESS_KEY
"
[ -z "${AWS_SESSION_NAME:-}" ] || data="${data}AWS_SESSION_NAME=$AWS_SESSION_NAME
"
[ -z "${AWS_SESSION_TOKEN:-}" ] || data="${data}AWS_SESSION_TOKEN=$AWS_SESSION_TOKEN
"
[ -z "${AWS_STS_ENDPOINT:-}" ] || data="${data}AWS_STS_ENDPOINT=$AWS_STS_ENDPOINT
"
[ -z "${AWS_WEB_IDENTITY_TOKEN:-}" ] || data="${data}AWS_WEB_IDENTITY_TOKEN=$AWS_WEB_IDENTITY_TOKEN
"
[ -z "${GROQ_API_BASE:-}" ] || data="${data}GROQ_API_BASE=$GROQ_API_BASE
"
[ -z "${OPENAI_ORGANIZATION:-}" ] || data="${data}OPENAI_ORGANIZATION=$OPENAI_ORGANIZATION
"
[ -z "${OPENAI_ORG_ID:-}" ] || data="${data}OPENAI_ORG_ID=$OPENAI_ORG_ID
"
[ -z "${OPENAI_PROJECT_ID:-}" ] || data="${data}OPENAI_PROJECT_ID=$OPENAI_PROJECT_ID
"
[ -z "${REDIS_DB:-}" ] || data="${data}REDIS_DB=$REDIS_DB
"
[ -z "${REDIS_SSL:-}" ] || data="${data}REDIS_SSL=$REDIS_SSL
"
[ -z "${REDIS_USERNAME:-}" ] || data="${data}REDIS_USERNAME=$REDIS_USERNAME
"
printf '%s' "$data" | secret router-environment --from-env-file=/dev/stdin
