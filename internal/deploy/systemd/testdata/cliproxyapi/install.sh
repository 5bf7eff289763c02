#!/bin/sh
# Installs the units, the settings and the installation's keys:
#
#   sudo sh install.sh CONFIG_FOLDER           for the system's manager, into /etc
#   sh install.sh --user CONFIG_FOLDER         for this user's manager, into ~/.config
#
# CONFIG_FOLDER is the folder of flowgate.yaml. It starts nothing. No secret is an argument of a command. Run it again
# after a key or the settings have changed, then restart flowgate.target.
set -eu
umask 077
here=$(cd "$(dirname "$0")" && pwd)
manager=system folder=${FLOWGATE_ROOT:-}/etc/flowgate units=${FLOWGATE_ROOT:-}/etc/systemd/system
state=/var/lib/flowgate-upstream
if [ "${1:-}" = --user ]; then
  shift
  manager=user folder=${XDG_CONFIG_HOME:-$HOME/.config}/flowgate units=${XDG_CONFIG_HOME:-$HOME/.config}/systemd/user
  state=${XDG_STATE_HOME:-$HOME/.local/state}/flowgate-upstream
fi
cd "${1:?name the folder of flowgate.yaml}"
: "${GROQ_API_KEY:?set it before this command}"
mkdir -p "$folder/secrets" "$units"
chmod 755 "$folder" "$units"

# put NAME writes stdin whole, or not at all.
put() {
  cat >"$folder/secrets/.$1.new"
  mv "$folder/secrets/.$1.new" "$folder/secrets/$1"
}
put FLOWGATE_KEY_GATEWAY <../.router/secrets/gateway.key
put FLOWGATE_KEY_UPSTREAM <../.router/secrets/upstream.key
printf '%s\n' "$GROQ_API_KEY" | put GROQ_API_KEY
printf '%s\n' "${GROQ_API_BASE:-}" | put GROQ_API_BASE # empty where it is not set
printf '%s\n' "${OPENAI_ORGANIZATION:-}" | put OPENAI_ORGANIZATION # empty where it is not set
printf '%s\n' "${OPENAI_ORG_ID:-}" | put OPENAI_ORG_ID # empty where it is not set
printf '%s\n' "${OPENAI_PROJECT_ID:-}" | put OPENAI_PROJECT_ID # empty where it is not set
# CLIProxyAPI's own file, with the folder that its unit has.
{
  sed -e '/^auth-dir:/d' cliproxyapi.yaml
  printf 'auth-dir: "%s/auths"\n' "$state"
} | put cliproxyapi.yaml
for file in "$here"/settings/*; do
  install -m 644 "$file" "$folder/"
done
for file in "$here/$manager"/*; do
  install -m 644 "$file" "$units/"
done
echo "installed in $folder and $units; now: systemctl$([ "$manager" = system ] || printf ' --user') daemon-reload"
