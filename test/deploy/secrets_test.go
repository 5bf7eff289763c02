package deploy_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	core "k8s.io/api/core/v1"
)

// kubectl is a double that makes the manifest of a Secret as the real one does, and keeps what is applied. It knows
// the commands of secrets.sh, and fails for others.
const kubectl = `#!/bin/sh
set -eu
here=$(dirname "$0")
case "$1 $2" in
"create namespace") printf 'apiVersion: v1\nkind: Namespace\nmetadata: {name: %s}\n' "$3" ;;
"create secret")
  printf 'apiVersion: v1\nkind: Secret\nmetadata: {name: %s}\ndata:\n' "$4"
  last=
  for last in "$@"; do :; done
  case $last in
  --from-env-file=*) while IFS='=' read -r key value; do
      printf '  %s: %s\n' "$key" "$(printf '%s' "$value" | base64 -w0)"
    done <"${last#--from-env-file=}" ;;
  --from-file=*)
    pair=${last#--from-file=}
    printf '  %s: %s\n' "${pair%%=*}" "$(base64 -w0 <"${pair#*=}")" ;;
  *) exit 2 ;;
  esac ;;
"apply --server-side") { echo ---; cat; } >>"$here/applied" ;;
"get secret") case "$*" in *--ignore-not-found*) ;; *) exit 1 ;; esac ;;
*) exit 2 ;;
esac
`

// makeSecrets runs secrets.sh of a rendered folder with the double in kubectl's place, and returns the Secrets that it
// makes: their values by key, by the name of the Secret.
func makeSecrets(t *testing.T, rendered, configFolder string) map[string]map[string]string {
	t.Helper()
	bin := t.TempDir()
	if err := os.WriteFile(filepath.Join(bin, "kubectl"), []byte(kubectl), 0o700); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "sh", filepath.Join(rendered, "secrets.sh"), configFolder)
	cmd.Env = []string{"PATH=" + bin + ":" + os.Getenv("PATH")}
	for _, name := range []string{"ANTHROPIC_API_KEY", "GROQ_API_KEY", "MASTER_KEY", "PROXY_PASSWORD", "PROXY_USER",
		"REDIS_SECRET", "VLLM_KEY"} {
		cmd.Env = append(cmd.Env, name+"=value-of-"+name)
	}
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("secrets.sh: %v: %s", err, out)
	}
	applied, err := os.ReadFile(filepath.Join(bin, "applied"))
	if err != nil {
		t.Fatal(err)
	}
	documents, err := decode(applied)
	if err != nil {
		t.Fatalf("what secrets.sh applies: %v", err)
	}
	all := map[string]map[string]string{}
	for _, d := range documents {
		if err := validate(d); err != nil {
			t.Errorf("what secrets.sh applies: %v", err)
		}
		if s, ok := d.object.(*core.Secret); ok {
			values := s.StringData
			if values == nil {
				values = map[string]string{}
			}
			for key, value := range s.Data {
				values[key] = string(value)
			}
			all[s.Name] = values
		}
	}
	return all
}
