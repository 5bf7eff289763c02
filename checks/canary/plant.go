package canary

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/flowgate-go/flowgate/checks"
	"github.com/flowgate-go/flowgate/internal/tcp"
)

// secret is a made-up secret.
type secret struct {
	kind  string
	value string
	file  string // absolute; empty: an environment variable
}

// randomSecret returns prefix and 48 random hexadecimal digits.
func randomSecret(prefix string) string {
	b := make([]byte, 24)
	_, _ = rand.Read(b) // never fails
	return prefix + hex.EncodeToString(b)
}

// addSecret makes a secret, records where it is planted and returns its value. An empty
// file means an environment variable.
func (t *trial) addSecret(kind, prefix, file string) string {
	p := secret{kind: kind, value: randomSecret(prefix)}
	if file != "" {
		p.file = filepath.Join(t.dir, file)
	}
	t.secrets = append(t.secrets, p)
	return p.value
}

// plantSecrets makes an installation such as users have and fills it with secrets.
func (t *trial) plantSecrets(ctx context.Context) checks.Outcome {
	ports, err := tcp.FreePorts(2)
	if err != nil {
		return checks.FromFault(err)
	}
	router, upstream := ports[0], ports[1]
	out := t.runCommand(ctx, "init", fmt.Sprintf("-port=%d", router), fmt.Sprintf("-upstream-port=%d", upstream))
	if out.status != 0 {
		return checks.Failed("init exited with status %d", out.status)
	}
	t.outputs = t.outputs[:0] // init made keys of its own, which are replaced now
	for _, err := range []error{
		t.writeKeys(), t.writeCredentials(), t.writeConfiguration(upstream), t.writeBrokenConfigs(),
	} {
		if err != nil {
			return checks.Failed("%v", err)
		}
	}
	t.forms = newForms(t.secrets)
	return checks.Passed(checks.Note{Text: fmt.Sprintf("%d secrets", len(t.secrets))})
}

func (t *trial) writeFile(file, text string) error {
	path := filepath.Join(t.dir, file)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	return os.WriteFile(path, []byte(text), 0o600)
}

func (t *trial) writeKeys() error {
	for kind, file := range map[string]string{
		"gateway key": ".router/secrets/gateway.key", "upstream key": ".router/secrets/upstream.key",
		"management key": ".router/secrets/management.key",
	} {
		if err := t.writeFile(file, t.addSecret(kind, "sk-", file)+"\n"); err != nil {
			return err
		}
	}
	const file = "config/cliproxyapi.yaml"
	return t.writeFile(
		file,
		fmt.Sprintf(
			"host: 127.0.0.1\nport: 1\napi-keys: [%s]\nremote-management: {secret-key: %s}\ncodex-api-key: [{api-key: %s}]\n",
			t.addSecret(
				"CLIProxyAPI key",
				"cpa-",
				file,
			),
			t.addSecret("CLIProxyAPI management key", "mk-", file),
			t.addSecret("provider key", "sk-proj-", file),
		),
	)
}

// writeCredentials writes credential files in the form of the providers' own programs.
func (t *trial) writeCredentials() error {
	prefixes := map[string]string{"Claude token": "sk-ant-oat01-", "Gemini token": "ya29."}
	for _, c := range []struct{ kind, file, form string }{
		{"Codex token", "codex-canary@example.com.json",
			`{"type":"codex","access_token":"%s","refresh_token":"%s","email":"canary@example.com"}`},
		{"Claude token", "claude-canary@example.com.json", `{"type":"claude","access_token":"%s","refresh_token":"%s"}`},
		{"Gemini token", "gemini-canary.json", `{"type":"gemini","token":{"access_token":"%s","refresh_token":"%s"}}`},
		{"Kiro token", "kiro-canary.json", `{"type":"kiro","access_token":"%s","client_secret":"%s"}`},
		{"Qwen token", "qwen-canary.json", `{"type":"qwen","access_token":"%s","refresh_token":"%s"}`},
		{"iFlow cookie", "iflow-canary.json", `{"type":"iflow","cookie":"%s","api_key":"%s"}`},
	} {
		file := ".router/auths/" + c.file
		first, second := t.addSecret(c.kind, prefixes[c.kind], file), t.addSecret(c.kind+" (second)", "", file)
		if err := t.writeFile(file, fmt.Sprintf(c.form, first, second)); err != nil {
			return err
		}
	}
	for _, c := range []struct{ kind, file, form string }{
		{"Codex CLI token", ".codex/auth.json", `{"tokens":{"access_token":"%s","refresh_token":"%s"}}`},
		{"Claude Code token", ".claude/.credentials.json",
			`{"claudeAiOauth":{"accessToken":"%s","refreshToken":"%s","expiresAt":4102444800000}}`},
	} {
		first, second := t.addSecret(c.kind, "", c.file), t.addSecret(c.kind+" (second)", "", c.file)
		if err := t.writeFile(c.file, fmt.Sprintf(c.form, first, second)); err != nil {
			return err
		}
	}
	return t.writeFile(".env", "OPENAI_API_KEY="+t.addSecret("key in .env", "sk-", ".env")+"\n")
}

// writeConfiguration writes secrets into the configuration in the places where people do
// that, and refers to another one by its environment variable.
func (t *trial) writeConfiguration(upstream int) error {
	const file = "config/flowgate.yaml"
	b, err := os.ReadFile(filepath.Join(t.dir, file))
	if err != nil {
		return err
	}
	text := strings.Replace(string(b), "  general_settings:\n", t.formDeployments(file, upstream), 1)
	text = strings.Replace(text, "    depends_on: [cliproxyapi_plus]\n", fmt.Sprintf(
		"    depends_on: [cliproxyapi_plus]\n    env: {CANARY_TOKEN: %s, CANARY_URL: \"http://user:%s@host\", CANARY_PLAIN: %s}\n",
		t.addSecret("variable of a service", "", file),
		t.addSecret("password in a URL", "", file),
		t.addSecret("variable of any name", "", file),
	), 1)
	text = strings.Replace(text, "  cost:\n",
		fmt.Sprintf("  cost:\n    general_settings: {database_password: %s}\n", t.addSecret("key in a profile", "", file)), 1)
	t.addSecret("environment variable", "sk-", "")
	return t.writeFile(file, text)
}

// formDeployments returns the entries of model_list that hold a secret in each place
// where LiteLLM takes one, and the heading of the section that follows them.
func (t *trial) formDeployments(file string, upstream int) string {
	return fmt.Sprintf(
		`    - model_name: canary
      litellm_params: {model: openai/canary, api_base: "http://127.0.0.1:%d/v1", api_key: %s}
    - model_name: canary-env
      litellm_params: {model: openai/fail-503-canary, api_base: "http://127.0.0.1:%d/v1", api_key: os.environ/CANARY_KEY, headers: {Authorization: Bearer %s}}
    - model_name: canary-kinds
      litellm_params: {model: openai/canary, api_base: "http://127.0.0.1:%d/v1?subscription=%s", extra_headers: {X-Auth: %s, X-Callback-Url: "%s"}, vertex_credentials: '{"type":"service_account","private_key":"%s"}'}
  general_settings:
`,
		upstream,
		t.addSecret("inline key", "sk-", file),
		upstream,
		t.addSecret("header", "", file),
		upstream,
		t.addSecret("query of an address", "", file),
		t.addSecret("header of another name", "", file),
		t.addSecret("header that is named like an address", "", file),
		t.addSecret("key inside JSON", "", file),
	)
}

// writeBrokenConfigs writes configurations that FlowGate refuses; the refusals must not
// quote the secrets in them.
func (t *trial) writeBrokenConfigs() error {
	for name, form := range map[string]string{
		"unknown-key.yaml": "config_version: 2\napi_key: %s\n",
		"wrong-type.yaml":  "config_version: 2\nservices: {litellm: {port: %s}}\n",
		"no-yaml.yaml":     "config_version: 2\nkey: [%s\n",
		"wrong-env.yaml":   "config_version: 2\nservices: {litellm: {env: [%s]}}\n",
		"credential.yaml":  "config_version: 2\ncredentials: {upstream: {gateway: %s}}\n",
		"version.yaml":     "config_version: %s\n",
		"duplicate.yaml":   "config_version: 2\nmaster_key: %[1]s\nmaster_key: %[1]s\n",
	} {
		file := "broken/" + name
		if err := t.writeFile(file, fmt.Sprintf(form, t.addSecret("value in "+name, "sk-", file))); err != nil {
			return err
		}
	}
	return nil
}
