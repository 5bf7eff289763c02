package systemd_test

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/deploy/systemd"
	"github.com/flowgate-go/flowgate/internal/fault"
)

var update = flag.Bool("update", false, "write testdata")

const head = `config_version: 2
paths: {runtime_dir: ../.router/runtime, active_config: ../.router/runtime/a.yaml, state_file: ../.router/runtime/s.json, log_file: ../.router/runtime/e.log}
profiles: {balanced: {}}
credentials: {upstream: {gateway: {file: ../.router/secrets/gateway.key}, upstream: {file: ../.router/secrets/upstream.key}}}
litellm_base:
  general_settings: {master_key_ref: gateway}
  litellm_settings: {request_timeout: 120}
  model_list:
    - {model_name: a, litellm_params: {model: openai/x, api_base: "http://127.0.0.1:8317/v1", api_key_ref: upstream}}
    - {model_name: b, litellm_params: {model: groq/x}}
`

// services are the services of the configurations that have golden files.
var services = map[string]string{
	"echo": `services:
  litellm: {runtime: embedded, port: 4000, env: {PLAIN: "100% $HOME \"b\" \\c", REF: "${WANTED}"}}
  cliproxyapi_plus: {runtime: echo, port: 8317}
`,
	"cliproxyapi": `services:
  litellm: {runtime: embedded, port: 14000}
  cliproxyapi_plus: {runtime: cliproxyapi, port: 8317}
usage: {ledger: false}
`,
	"keys": `services:
  litellm: {runtime: embedded, port: 4000, env: {HTTPS_PROXY: "http://${WANTED}:it's 1%@proxy:3128"}}
  cliproxyapi_plus: {runtime: cliproxyapi, port: 8317, env: {TZ: "100%", HTTPS_PROXY: "http://${WANTED}@other:3128", TOKEN: "${WANTED}"}}
usage: {days: 7, max_mb: 16}
`,
}

// keyNames is the file of named keys of the configuration keys: a digest, no key.
const keyNames = `{"version":1,"keys":[{"token":"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",` +
	`"token_id":"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08","key_alias":"ci"}]}`

// canary is a key that is in no file of a rendering.
const canary = "sk-planted-key-of-the-test"

// load writes a configuration and keys, and loads it.
func load(t *testing.T, text string) *config.Config {
	t.Helper()
	root := t.TempDir()
	files := map[string]string{"config/flowgate.yaml": head + text, ".router/secrets/gateway.key": canary,
		".router/secrets/upstream.key": canary, "config/cliproxyapi.yaml": "port: 8317\napi-keys:\n  - " + canary + "\n"}
	if strings.Contains(text, "usage: {days") {
		files[".router/secrets/client-keys.json"] = keyNames
	}
	for name, content := range files {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cfg, err := config.Load(filepath.Join(root, "config", "flowgate.yaml"), func(string) string { return "" })
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

func TestTheUnitsAreThoseThatWereReviewed(t *testing.T) {
	t.Parallel()
	for name, text := range services {
		cfg := load(t, text)
		r, err := systemd.Render(cfg, systemd.Options{})
		if err != nil {
			t.Fatal(err)
		}
		recorded, err := json.Marshal(r.Options)
		if err != nil {
			t.Fatal(err)
		}
		again, err := systemd.RenderRecorded(cfg, recorded)
		if err != nil || len(again.Files) != len(r.Files) {
			t.Fatalf("%d files, then %d, %v", len(r.Files), len(again.Files), err)
		}
		for i, f := range r.Files {
			if again.Files[i] != f {
				t.Errorf("%s: %s differs when it is rendered again", name, f.Path)
			}
			if strings.Contains(f.Content, canary) {
				t.Errorf("%s: %s holds a key", name, f.Path)
			}
			compareGolden(t, filepath.Join("testdata", name, f.Path), f.Content)
		}
	}
}

// compareGolden compares a text with a file, or writes it with -update.
func compareGolden(t *testing.T, path, text string) {
	t.Helper()
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if want, err := os.ReadFile(path); err != nil || string(want) != text {
		t.Errorf("%s is not what is rendered: go test ./internal/deploy/systemd -update (%v)\n%s", path, err, text)
	}
}

func TestWhatUnitsCannotBeMadeOf(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		services string
		options  systemd.Options
		code     string
	}{
		"LiteLLM": {`services:
  litellm: {runtime: litellm, port: 4000}
  cliproxyapi_plus: {runtime: echo, port: 8317}
`, systemd.Options{}, "deploy-unsupported"},
		"a relative program": {services["echo"], systemd.Options{Program: "flowgate"}, "deploy-option"},
		"a line break":       {services["echo"], systemd.Options{Program: "/bin/x\nUser=root"}, "deploy-option"},
		"a specifier":        {services["echo"], systemd.Options{Upstream: "/bin/%h"}, "deploy-option"},
		"dots":               {services["echo"], systemd.Options{Upstream: "/bin/../x"}, "deploy-option"},
		"a port of root's":   {strings.Replace(services["echo"], "4000", "443", 1), systemd.Options{}, "deploy-port"},
	} {
		if _, err := systemd.Render(load(t, c.services), c.options); !fault.HasCode(err, c.code) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := systemd.RenderRecorded(load(t, services["echo"]), []byte("{")); !fault.HasCode(err, "deploy-option") {
		t.Errorf("damaged options: %v", err)
	}
}
