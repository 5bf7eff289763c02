package compose_test

import (
	"encoding/json"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/deploy"
	"github.com/flowgate-go/flowgate/internal/deploy/compose"
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

// configurations are those with golden files, and their options.
var configurations = map[string]struct {
	services string
	options  compose.Options
}{
	"echo": {`services:
  litellm: {runtime: embedded, port: 4000, env: {PLAIN: "a $HOME \"b\"", REF: "${WANTED}"}}
  cliproxyapi_plus: {runtime: echo, port: 8317}
`, compose.Options{}},
	"cliproxyapi": {`services:
  litellm: {runtime: embedded, port: 14000}
  cliproxyapi_plus: {runtime: cliproxyapi, port: 8317}
`, compose.Options{Name: "team", UpstreamImage: "eceasy/cli-proxy-api:v7.1.0", Redis: true, Publish: "::1"}},
	"litellm": {`services:
  litellm: {runtime: litellm, port: 4000}
  cliproxyapi_plus: {runtime: echo, port: 8317}
`, compose.Options{LiteLLMImage: "ghcr.io/berriai/litellm:v1.106.2"}},
	"keys": {`services:
  litellm: {runtime: embedded, port: 4000, env: {HTTPS_PROXY: "http://${WANTED}:it's $1@proxy:3128"}}
  cliproxyapi_plus: {runtime: cliproxyapi, port: 8317, env: {TZ: UTC, HTTPS_PROXY: "http://${WANTED}@other:3128", TOKEN: "${WANTED}"}}
usage: {days: 7, max_mb: 16}
`, compose.Options{UpstreamImage: "eceasy/cli-proxy-api:v7.1.0"}},
}

// keyNames is the file of named keys of the configuration keys: a digest, no key.
const keyNames = `{"version":1,"keys":[{"token":"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",` +
	`"token_id":"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08","key_alias":"ci"}]}`

// load writes a configuration and keys that must not get anywhere, and loads it.
func load(t *testing.T, text string) *config.Config {
	t.Helper()
	root := t.TempDir()
	files := map[string]string{"config/flowgate.yaml": head + text, ".router/secrets/gateway.key": canary,
		".router/secrets/upstream.key": canary, "config/cliproxyapi.yaml": "host: \"127.0.0.1\"\nport: 8317\napi-keys:\n  - " +
			canary + "\n"}
	if strings.Contains(text, "usage:") {
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

// canary is a key that is in no file of a rendering.
const canary = "sk-planted-key-of-the-test"

func render(t *testing.T, cfg *config.Config, o compose.Options) deploy.Rendering {
	t.Helper()
	r, err := compose.Render(cfg, o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestTheFilesAreThoseThatWereReviewed(t *testing.T) {
	t.Parallel()
	for name, c := range configurations {
		cfg := load(t, c.services)
		r := render(t, cfg, c.options)
		recorded, err := json.Marshal(r.Options)
		if err != nil {
			t.Fatal(err)
		}
		again, err := compose.RenderRecorded(cfg, recorded)
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
			compareGolden(t, filepath.Join("testdata", name, strings.TrimPrefix(f.Path, ".")), f.Content)
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
		t.Errorf("%s is not what is rendered: go test ./internal/deploy/compose -update (%v)\n%s", path, err, text)
	}
}

func TestOptionsThatComposeWouldRefuse(t *testing.T) {
	t.Parallel()
	cliproxy := configurations["cliproxyapi"].services
	for name, c := range map[string]struct {
		services string
		options  compose.Options
		code     string
		text     string
	}{
		"a name in capitals":     {cliproxy, compose.Options{Name: "Team", UpstreamImage: "x:1"}, "deploy-option", "-name"},
		"a name of a dash":       {cliproxy, compose.Options{Name: "-a", UpstreamImage: "x:1"}, "deploy-option", "-name"},
		"no image of CLIProxy":   {cliproxy, compose.Options{}, "deploy-option", "-upstream-image"},
		"one that changes":       {cliproxy, compose.Options{UpstreamImage: "x:latest"}, "deploy-option", "tomorrow"},
		"an image in two lines":  {cliproxy, compose.Options{UpstreamImage: "x:1\n  privileged: true"}, "deploy-option", "-upstream-image"},
		"an image of a variable": {cliproxy, compose.Options{UpstreamImage: "x:1", Image: "${X}"}, "deploy-option", "-image"},
		"no image of LiteLLM":    {configurations["litellm"].services, compose.Options{}, "deploy-option", "-litellm-image"},
		"a host name":            {cliproxy, compose.Options{UpstreamImage: "x:1", Publish: "localhost"}, "deploy-option", "-publish"},
		"a port of root's": {strings.Replace(cliproxy, "14000", "443", 1), compose.Options{UpstreamImage: "x:1"},
			"deploy-port", "443"},
	} {
		_, err := compose.Render(load(t, c.services), c.options)
		if f := fault.From(err); f == nil || f.Code != c.code || !strings.Contains(f.Message, c.text) ||
			f.Exit != fault.ExitUsage {
			t.Errorf("%s: %+v", name, f)
		}
	}
	if _, err := compose.RenderRecorded(load(t, cliproxy), []byte("{")); !fault.HasCode(err, "deploy-option") {
		t.Errorf("damaged options: %v", err)
	}
}

func TestTheScriptMakesTheFilesThatAreNamedAndNothingElse(t *testing.T) {
	t.Parallel()
	for name, c := range configurations {
		cfg := load(t, c.services)
		dir := filepath.Join(t.TempDir(), "a folder")
		if _, err := render(t, cfg, c.options).Write(dir, false); err != nil {
			t.Fatal(err)
		}
		cmd := exec.CommandContext(t.Context(), "sh", filepath.Join(dir, "secrets.sh"), cfg.Dir)
		cmd.Env = append(os.Environ(), "GROQ_API_KEY="+canary, "WANTED="+canary)
		if out, err := cmd.CombinedOutput(); err != nil || len(out) > 0 {
			t.Fatalf("%s: %v: %s", name, err, out)
		}
		compose, err := os.ReadFile(filepath.Join(dir, "compose.yaml"))
		if err != nil {
			t.Fatal(err)
		}
		_, list, _ := strings.Cut(string(compose), "\nsecrets:\n")
		made, err := os.ReadDir(filepath.Join(dir, "secrets"))
		if err != nil || len(made) == 0 {
			t.Fatal(err)
		}
		for _, f := range made {
			info, _ := f.Info()
			if !strings.Contains(list, `"./secrets/`+f.Name()+`"`) || info.Mode().Perm() != 0o600 {
				t.Errorf("%s: %s, %v is not named, or others can read it", name, f.Name(), info.Mode())
			}
		}
		if named := strings.Count(list, "./secrets/"); named != len(made) {
			t.Errorf("%s: %d secrets are named, %d were made", name, named, len(made))
		}
		if key, err := os.ReadFile(filepath.Join(dir, "secrets", "FLOWGATE_KEY_UPSTREAM")); err != nil || string(key) != canary {
			t.Errorf("%s: %q, %v", name, key, err)
		}
		if name != "keys" {
			continue
		}
		for file, want := range map[string]string{"client-keys.json": keyNames, "cliproxyapi.TOKEN": canary + "\n",
			"router.HTTPS_PROXY":      "http://" + canary + ":it's $1@proxy:3128\n",
			"cliproxyapi.HTTPS_PROXY": "http://" + canary + "@other:3128\n"} {
			if got, err := os.ReadFile(filepath.Join(dir, "secrets", file)); err != nil || string(got) != want {
				t.Errorf("%s: %q, %v", file, got, err)
			}
		}
		if info, err := os.Stat(filepath.Join(dir, "usage")); err != nil || info.Mode().Perm() != 0o700 {
			t.Errorf("the folder of the ledger: %v", err)
		}
	}
}

func TestTheScriptWritesNothingWithoutTheVariables(t *testing.T) {
	t.Parallel()
	cfg := load(t, configurations["keys"].services)
	dir := t.TempDir()
	if _, err := render(t, cfg, configurations["keys"].options).Write(dir, false); err != nil {
		t.Fatal(err)
	}
	for _, set := range []string{"GROQ_API_KEY", "WANTED"} {
		cmd := exec.CommandContext(t.Context(), "sh", filepath.Join(dir, "secrets.sh"), cfg.Dir)
		cmd.Env = []string{"PATH=" + os.Getenv("PATH"), set + "=" + canary}
		out, err := cmd.CombinedOutput()
		if err == nil || !strings.Contains(string(out), "set it before this command") {
			t.Errorf("with %s alone: %v: %s", set, err, out)
		}
		if _, err := os.Stat(filepath.Join(dir, "secrets")); err == nil {
			t.Errorf("with %s alone something was written", set)
		}
	}
}
