package config_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/flowgate-go/flowgate/internal/config"
)

func TestTheShownConfigurationHoldsReferencesButNoSecret(t *testing.T) {
	t.Parallel()
	const canary = "sk-canary0123456789abcdefghij"
	path := filepath.Join(t.TempDir(), "flowgate.yaml")
	text := `
paths: {runtime_dir: r, active_config: a, state_file: s, log_file: l}
services:
  litellm: {port: 4000, command: {args: [litellm, --key=` + canary + `, --token, ` + canary + `]}, env: {API_KEY: ` +
		canary + `, OTHER: "${OTHER}"}}
  cliproxyapi_plus: {port: 8317, runtime: echo}
litellm_base:
  general_settings: {master_key: ` + canary + `}
  model_list: [{model_name: m, litellm_params: {model: openai/m, api_key: ` + canary +
		`}}, {model_name: n, litellm_params: {model: openai/n, api_key: os.environ/N_KEY, max_tokens: 4096}}]
profiles: {p: {litellm_settings: {callback_token: ` + canary + `}}}
auth: {providers: {x: {method: pkce, client_secret: ` + canary + `, token_url: "https://example.com/token"}}}
`
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg, err := config.Load(path, environ)
	if err != nil {
		t.Fatal(err)
	}
	out, err := json.Marshal(cfg.Redact())
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(out), "canary") {
		t.Errorf("a secret is shown: %s", out)
	}
	for _, readable := range []string{"os.environ/N_KEY", "${OTHER}", "4096", "https://example.com/token", "sk-…ghij",
		"--token"} {
		if !strings.Contains(string(out), readable) {
			t.Errorf("%s is missing: %s", readable, out)
		}
	}
	if kept, _ := json.Marshal(cfg); strings.Count(string(kept), canary) != 7 {
		t.Errorf("the configuration itself was changed: %s", kept)
	}
}
