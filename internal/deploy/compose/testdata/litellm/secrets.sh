#!/bin/sh
# Makes ./secrets and .env beside this file, from the installation's own files and variables:
#
#   sh secrets.sh CONFIG_FOLDER    the folder of flowgate.yaml
#
# No secret is an argument of a command. Run it again after a key has changed, then: docker compose up -d --force-recreate
set -eu
umask 077
here=$(cd "$(dirname "$0")" && pwd)
cd "${1:?name the folder of flowgate.yaml}"
: "${GROQ_API_KEY:?set it before this command}"
mkdir -p "$here/secrets"

# put NAME writes stdin whole, or not at all.
put() {
  cat >"$here/secrets/.$1.new"
  mv "$here/secrets/.$1.new" "$here/secrets/$1"
}
printf 'FLOWGATE_USER=%s:%s\n' "$(id -u)" "$(id -g)" >"$here/.env"
put FLOWGATE_KEY_GATEWAY <../.router/secrets/gateway.key
put FLOWGATE_KEY_UPSTREAM <../.router/secrets/upstream.key
printf '%s\n' "$GROQ_API_KEY" | put GROQ_API_KEY
printf '%s\n' "${GROQ_API_BASE:-}" | put GROQ_API_BASE # empty where it is not set
printf '%s\n' "${OPENAI_ORGANIZATION:-}" | put OPENAI_ORGANIZATION # empty where it is not set
printf '%s\n' "${OPENAI_ORG_ID:-}" | put OPENAI_ORG_ID # empty where it is not set
printf '%s\n' "${OPENAI_PROJECT_ID:-}" | put OPENAI_PROJECT_ID # empty where it is not set
