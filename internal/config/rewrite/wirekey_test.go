package rewrite_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/flowgate-go/flowgate/internal/config/rewrite"
)

const wireHead = `# mine
paths: {runtime_dir: ../.router/runtime, active_config: a, state_file: s, log_file: l} # keep
services:
  litellm: {port: 4000, runtime: embedded}
  cliproxyapi_plus: {port: 8317, runtime: echo}
profiles: {balanced: {}}
litellm_base:
  model_list:
    - model_name: gpt # the big one
      litellm_params:
        # a comment
        model: openai/gpt-5
    - model_name: local
      litellm_params: {model: openai/x, api_base: "http://127.0.0.1:8317/v1"}
    - {model_name: mini, litellm_params: {model: openai/gpt-5-mini}}
    - model_name: claude
      litellm_params: {model: anthropic/claude}
`

func TestAKeyIsWiredByAddedLinesAlone(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ text, want string }{
		"no credentials": {wireHead, "credentials:\n  upstream:\n    openai: {file: " +
			"\"../.router/secrets/provider-openai.key\"}\n"},
		"no newline": {strings.TrimSuffix(wireHead, "\n"), "credentials:\n  upstream:\n    openai: {file"},
		"others": {wireHead + "credentials:\n  upstream:\n    # another\n    x: {env: X} # y\n",
			"    openai: {file: \"../.router/secrets/provider-openai.key\"}\n    x: {env: X} # y\n"},
		"others, flow": {wireHead + "credentials: {upstream: {x: {env: X}}}\n",
			`credentials: {upstream: {openai: {"file": "../.router/secrets/provider-openai.key"}, x: {env: X}}}`},
		"windows' line ends": {strings.ReplaceAll(wireHead, "\n", "\r\n"), "  upstream:\r\n    openai: "},
		"JSON":               {jsonConfig, `"credentials": {"upstream": {"openai": {"file"`},
		"the credential only": {wireHead + "credentials:\n  upstream:\n    openai: {file: " +
			"../.router/secrets/provider-openai.key}\n", "api_key_ref: openai"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "config", "flowgate.yaml")
			key := filepath.Join(filepath.Dir(filepath.Dir(path)), ".router", "secrets", "provider-openai.key")
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(c.text), 0o600); err != nil {
				t.Fatal(err)
			}
			looked, err := rewrite.WireKey(path, "openai", key, true, moment, environ)
			if got, _ := os.ReadFile(path); err != nil || !looked.Changed || string(got) != c.text {
				t.Fatalf("dry run: %+v, %v", looked, err)
			}
			w, err := rewrite.WireKey(path, "openai", key, false, moment, environ)
			if err != nil || !w.Changed {
				t.Fatalf("%+v, %v", w, err)
			}
			got, _ := os.ReadFile(path)
			if !strings.Contains(string(got), c.want) {
				t.Errorf("%s", got)
			}
			rest := []byte(c.text)
			for _, b := range got {
				if len(rest) > 0 && b == rest[0] {
					rest = rest[1:]
				}
			}
			if len(rest) > 0 {
				t.Errorf("changed or gone: %s", rest)
			}
			cfg := load(t, path)
			if cfg.Credentials["openai"].File != key {
				t.Errorf("%+v", cfg.Credentials)
			}
			refs := 0
			for _, item := range cfg.Base["model_list"].([]any) {
				params := item.(map[string]any)["litellm_params"].(map[string]any)
				if params["api_key_ref"] == "openai" {
					refs++
					if params["api_base"] != nil || !strings.HasPrefix(params["model"].(string), "openai/") {
						t.Errorf("%v", params)
					}
				}
			}
			if refs != len(w.Deployments) || refs == 0 {
				t.Errorf("%d references, %v", refs, w.Deployments)
			}
			again, err := rewrite.WireKey(path, "openai", key, false, moment, environ)
			if err != nil || again.Changed {
				t.Errorf("again: %+v, %v", again, err)
			}
		})
	}
}

const jsonConfig = `{"paths": {"runtime_dir": "../.router/runtime", "active_config": "a", "state_file": "s", "log_file": "l"},
  "services": {"litellm": {"port": 4000, "runtime": "embedded"}, "cliproxyapi_plus": {"port": 8317, "runtime": "echo"}},
  "profiles": {"balanced": {}},
  "litellm_base": {"model_list": [{"model_name": "gpt", "litellm_params": {"model": "openai/gpt-5"}}]}}
`

func TestAFileThatCannotBeChangedSafelyIsLeftAlone(t *testing.T) {
	t.Parallel()
	for name, tail := range map[string]string{
		"an empty map": "credentials:\n", "another place": "credentials: {upstream: {openai: {env: X}}}\n",
		"an end mark": "...\n",
	} {
		path := filepath.Join(t.TempDir(), "flowgate.yaml")
		if err := os.WriteFile(path, []byte(wireHead+tail), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := rewrite.WireKey(path, "openai", filepath.Join(filepath.Dir(path), "k"), false, moment, environ)
		if got, _ := os.ReadFile(path); err == nil || string(got) != wireHead+tail ||
			!strings.Contains(err.Error(), "flowgate.yaml") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAnItemIsAddedToAListAndNothingElseChanges(t *testing.T) {
	t.Parallel()
	const item = `{"api-key": "k2"}`
	for text, want := range map[string]string{
		"port: 1 # x\n": "port: 1 # x\nkeys:\n  - {\"api-key\": \"k2\"}\n",
		"port: 1":       "port: 1\nkeys:\n  - {\"api-key\": \"k2\"}\n",
		"keys: # mine\n  - api-key: k1\n    x: 1\np: 1\n": "keys: # mine\n  - {\"api-key\": \"k2\"}\n  - api-key: k1\n    " +
			"x: 1\np: 1\n",
		"keys:\n- api-key: k1\n": "keys:\n- {\"api-key\": \"k2\"}\n- api-key: k1\n",
		"keys: [] # none\n":      "keys: [{\"api-key\": \"k2\"}] # none\n",
		"keys: [{a: b}]\n":       "keys: [{\"api-key\": \"k2\"}, {a: b}]\n",
		"{\"p\": 1}\n":           "{\"keys\": [{\"api-key\": \"k2\"}], \"p\": 1}\n",
	} {
		if got, err := rewrite.AddToList("f", []byte(text), "keys", item); err != nil || string(got) != want {
			t.Errorf("%q: %q, %v", text, got, err)
		}
	}
	for _, text := range []string{"keys: x\n", "keys:\n", "[1]\n", ""} {
		if got, err := rewrite.AddToList("f", []byte(text), "keys", item); err == nil {
			t.Errorf("%q became %q", text, got)
		}
	}
}
