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

// plant is a made-up secret.
type plant struct {
	kind  string
	value string
	file  string // absolute; empty: an environment variable
}

func random(prefix string) string {
	b := make([]byte, 24)
	_, _ = rand.Read(b) // never fails
	return prefix + hex.EncodeToString(b)
}

// add plants a secret and returns it.
func (t *trial) add(kind, prefix, file string) string {
	p := plant{kind: kind, value: random(prefix)}
	if file != "" {
		p.file = filepath.Join(t.dir, file)
	}
	t.planted = append(t.planted, p)
	return p.value
}

// plant makes an installation as a user has it and fills it with secrets.
func (t *trial) plant(ctx context.Context) checks.Outcome {
	ports, err := tcp.FreePorts(2)
	if err != nil {
		return checks.FromFault(err)
	}
	router, upstream := ports[0], ports[1]
	if out := t.command(ctx, "init", fmt.Sprintf("-port=%d", router), fmt.Sprintf("-upstream-port=%d", upstream)); out.status != 0 {
		return checks.Failed("init exits with %d", out.status)
	}
	t.outputs = t.outputs[:0] // init made keys of its own, which are replaced now
	for _, err := range []error{t.keys(), t.credentials(), t.configuration(upstream), t.broken()} {
		if err != nil {
			return checks.Failed("%v", err)
		}
	}
	return checks.Passed(checks.Note{Text: fmt.Sprintf("%d secrets", len(t.planted))})
}

func (t *trial) write(file, text string) error {
	path := filepath.Join(t.dir, file)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	return os.WriteFile(path, []byte(text), 0o600)
}

func (t *trial) keys() error {
	for kind, file := range map[string]string{
		"gateway key": ".router/secrets/gateway.key", "upstream key": ".router/secrets/upstream.key", "management key": ".router/secrets/management.key",
	} {
		if err := t.write(file, t.add(kind, "sk-", file)+"\n"); err != nil {
			return err
		}
	}
	const own = "config/cliproxyapi.yaml"
	return t.write(own, fmt.Sprintf("host: 127.0.0.1\nport: 1\napi-keys: [%s]\nremote-management: {secret-key: %s}\ncodex-api-key: [{api-key: %s}]\n",
		t.add("CLIProxyAPI key", "cpa-", own), t.add("CLIProxyAPI management key", "mk-", own), t.add("provider key", "sk-proj-", own)))
}

// credentials are files as the providers' own programs write them.
func (t *trial) credentials() error {
	prefixes := map[string]string{"Claude token": "sk-ant-oat01-", "Gemini token": "ya29."}
	for _, c := range []struct{ kind, file, form string }{
		{"Codex token", "codex-canary@example.com.json", `{"type":"codex","access_token":"%s","refresh_token":"%s","email":"canary@example.com"}`},
		{"Claude token", "claude-canary@example.com.json", `{"type":"claude","access_token":"%s","refresh_token":"%s"}`},
		{"Gemini token", "gemini-canary.json", `{"type":"gemini","token":{"access_token":"%s","refresh_token":"%s"}}`},
		{"Kiro token", "kiro-canary.json", `{"type":"kiro","access_token":"%s","client_secret":"%s"}`},
		{"Qwen token", "qwen-canary.json", `{"type":"qwen","access_token":"%s","refresh_token":"%s"}`},
		{"iFlow cookie", "iflow-canary.json", `{"type":"iflow","cookie":"%s","api_key":"%s"}`},
	} {
		file := ".router/auths/" + c.file
		if err := t.write(file, fmt.Sprintf(c.form, t.add(c.kind, prefixes[c.kind], file), t.add(c.kind+" (second)", "", file))); err != nil {
			return err
		}
	}
	for _, c := range []struct{ kind, file, form string }{
		{"Codex CLI token", ".codex/auth.json", `{"tokens":{"access_token":"%s","refresh_token":"%s"}}`},
		{"Claude Code token", ".claude/.credentials.json", `{"claudeAiOauth":{"accessToken":"%s","refreshToken":"%s","expiresAt":4102444800000}}`},
	} {
		if err := t.write(c.file, fmt.Sprintf(c.form, t.add(c.kind, "", c.file), t.add(c.kind+" (second)", "", c.file))); err != nil {
			return err
		}
	}
	return t.write(".env", "OPENAI_API_KEY="+t.add("key in .env", "sk-", ".env")+"\n")
}

// configuration writes secrets out where people do that, and refers to others.
func (t *trial) configuration(upstream int) error {
	const file = "config/flowgate.yaml"
	b, err := os.ReadFile(filepath.Join(t.dir, file))
	if err != nil {
		return err
	}
	text := strings.Replace(string(b), "  general_settings:\n", fmt.Sprintf(`    - model_name: canary
      litellm_params: {model: openai/canary, api_base: "http://127.0.0.1:%d/v1", api_key: %s}
    - model_name: canary-env
      litellm_params: {model: openai/fail-503-canary, api_base: "http://127.0.0.1:%d/v1", api_key: os.environ/CANARY_KEY, headers: {Authorization: Bearer %s}}
    - model_name: canary-kinds
      litellm_params: {model: openai/canary, api_base: "http://127.0.0.1:%d/v1?subscription=%s", extra_headers: {X-Auth: %s, X-Callback-Url: "%s"}, vertex_credentials: '{"type":"service_account","private_key":"%s"}'}
  general_settings:
`, upstream, t.add("inline key", "sk-", file), upstream, t.add("header", "", file),
		upstream, t.add("query of an address", "", file), t.add("header of another name", "", file), t.add("header that is named like an address", "", file), t.add("key inside JSON", "", file)), 1)
	text = strings.Replace(text, "    depends_on: [cliproxyapi_plus]\n", fmt.Sprintf("    depends_on: [cliproxyapi_plus]\n    env: {CANARY_TOKEN: %s, CANARY_URL: \"http://user:%s@host\", CANARY_PLAIN: %s}\n", t.add("variable of a service", "", file), t.add("password in a URL", "", file), t.add("variable of any name", "", file)), 1)
	text = strings.Replace(text, "  cost:\n", fmt.Sprintf("  cost:\n    general_settings: {database_password: %s}\n", t.add("key in a profile", "", file)), 1)
	t.add("environment variable", "sk-", "")
	return t.write(file, text)
}

// broken are configurations that are refused; the refusal must not quote them.
func (t *trial) broken() error {
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
		if err := t.write(file, fmt.Sprintf(form, t.add("value in "+name, "sk-", file))); err != nil {
			return err
		}
	}
	return nil
}
