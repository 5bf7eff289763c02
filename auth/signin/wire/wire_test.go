package wire_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/auth"
	"github.com/flowgate-go/flowgate/auth/authtest"
	"github.com/flowgate-go/flowgate/auth/signin"
	"github.com/flowgate-go/flowgate/internal/cliproxy/cliproxytest"
	"github.com/flowgate-go/flowgate/internal/config"
)

const wired = `# mine
paths: {runtime_dir: ../.router/runtime, active_config: ../.router/a.yaml, state_file: ../.router/s, log_file: ../.router/l}
services:
  litellm: {port: 4000, runtime: embedded}
  cliproxyapi_plus: {port: 8317, runtime: UPSTREAM}
profiles: {balanced: {}}
litellm_base:
  model_list:
    - model_name: gpt # the big one
      litellm_params: {model: openai/gpt-5}
    - model_name: claude
      litellm_params: {model: anthropic/claude}
`

// configure makes the site's configuration a file.
func configure(s *authtest.Site, upstream string) (file string) {
	s.T.Helper()
	file = s.Put("config/flowgate.yaml", strings.ReplaceAll(wired, "UPSTREAM", upstream))
	var err error
	if s.Config, err = config.Load(file, s.Env.Getenv); err != nil {
		s.T.Fatal(err)
	}
	return file
}

func apiKey() signin.Options {
	return signin.Options{Stdin: true, Method: "api_key",
		Terminal: signin.Terminal{In: strings.NewReader("sk-" + authtest.Canary + "-key\n")}}
}

func TestAnAPIKeyIsUsableAtOnceWithConsent(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(o *signin.Options)
		wired  bool
	}{
		"-wire":       {func(o *signin.Options) { o.Wire = true }, true},
		"yes":         {func(o *signin.Options) { o.Terminal.Confirm = func(string) bool { return true } }, true},
		"no":          {func(o *signin.Options) { o.Terminal.Confirm = func(string) bool { return false } }, false},
		"no terminal": {func(*signin.Options) {}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := authtest.NewSite(t)
			file := configure(s, "echo")
			before, _ := os.ReadFile(file)
			o := apiKey()
			c.change(&o)
			got, _, err := s.Login("openai", o)
			if err != nil || !got.Changed {
				t.Fatalf("%+v, %v", got, err)
			}
			after, _ := os.ReadFile(file)
			if !c.wired {
				if string(after) != string(before) || got.Wired != nil || len(got.Warnings) != 1 ||
					got.Warnings[0].Code != "key-not-wired" {
					t.Errorf("%+v\n%s", got, after)
				}
				return
			}
			cfg, err := config.Load(file, s.Env.Getenv)
			if err != nil || cfg.Credentials["openai"].File != got.Destination || got.Wired == nil ||
				len(got.Wired.Deployments) != 1 {
				t.Fatalf("%+v, %v", got, err)
			}
			if strings.Contains(string(after), authtest.Canary) || !strings.Contains(string(after), "# the big one") {
				t.Errorf("%s", after)
			}
			s.Config = cfg
			again := apiKey()
			c.change(&again)
			if got, _, err := s.Login("openai", again); err != nil || got.Changed {
				t.Errorf("again: %+v, %v", got, err)
			}
		})
	}
}

func TestAKeyOfAFileProviderGoesIntoCLIProxyAPI(t *testing.T) {
	t.Parallel()
	for provider, list := range map[string]string{"claude": "claude-api-key", "gemini": "gemini-api-key",
		"codex": "codex-api-key", "acme": "openai-compatibility"} {
		t.Run(provider, func(t *testing.T) {
			t.Parallel()
			s := authtest.NewSite(t)
			double := &cliproxytest.Server{Seven: true, Keys: map[string][]map[string]any{list: {{"api-key": "old",
				"prefix": "x", "name": "other"}}}}
			s.Serve(double)
			s.Config.Providers = map[string]map[string]any{"acme": {"key_list": "openai-compatibility",
				"key_base_url": "https://acme.example/v1", "key_models": []any{"m"}}}
			got, w, err := s.Login(provider, apiKey())
			if err != nil || !got.Changed || !strings.Contains(got.Proof, list) || strings.Contains(w.String(), authtest.Canary) {
				t.Fatalf("%+v, %v", got, err)
			}
			items := double.Keys[list]
			if len(items) != 2 || items[0]["prefix"] != "x" || items[0]["auth-index"] != nil {
				t.Fatalf("%v", items)
			}
			mine := items[1]
			if list == "openai-compatibility" {
				mine = mine["api-key-entries"].([]any)[0].(authtest.Object)
			}
			if mine["api-key"] != "sk-"+authtest.Canary+"-key" || list == "codex-api-key" &&
				mine["base-url"] != "https://api.openai.com/v1" {
				t.Errorf("%v", items[1])
			}
			if again, _, err := s.Login(provider, apiKey()); err != nil || again.Changed || len(double.Keys[list]) != 2 {
				t.Errorf("again: %+v, %v", again, err)
			}
			if left, _ := filepath.Glob(filepath.Join(s.Config.Paths.Secrets(), "provider-*")); len(left) > 0 {
				t.Errorf("left behind: %v", left)
			}
		})
	}
	s := authtest.NewSite(t)
	s.Serve(&cliproxytest.Server{Seven: true})
	_, _, err := s.Login("claude", apiKey())
	authtest.WantCode(t, err, "provider-unsupported")
}

func TestAKeyIsWrittenIntoTheFileOfACLIProxyAPIThatDoesNotRun(t *testing.T) {
	t.Parallel()
	s := authtest.NewSite(t)
	own := s.Put("config/cliproxyapi.yaml", "host: 127.0.0.1 # mine\nport: 1\n")
	configure(s, "cliproxyapi")
	s.Config.Services[0].Port = 1
	s.Put(filepath.Join(s.Config.Paths.Secrets(), "management.key"), authtest.ManagementKey)
	_, _, err := s.Login("claude", apiKey())
	authtest.WantCode(t, err, "key-not-wired")
	if b, _ := os.ReadFile(own); strings.Contains(string(b), authtest.Canary) {
		t.Error("it was written without leave")
	}
	o := apiKey()
	o.Wire = true
	got, _, err := s.Login("claude", o)
	if err != nil || !got.Changed {
		t.Fatalf("%+v, %v", got, err)
	}
	b, _ := os.ReadFile(own)
	if !strings.HasPrefix(string(b), "host: 127.0.0.1 # mine\n") ||
		!strings.Contains(string(b), "claude-api-key:\n  - {\"api-key\":\"sk-"+authtest.Canary) {
		t.Errorf("%s", b)
	}
	if info, _ := os.Stat(own); info.Mode().Perm() != 0o600 {
		t.Errorf("%v", info.Mode())
	}
	files, _ := filepath.Glob(filepath.Join(filepath.Dir(own), "*"))
	if slices.ContainsFunc(files, func(f string) bool { return strings.Contains(f, ".bak") }) {
		t.Errorf("a copy with keys where git takes it: %v", files)
	}
	again := apiKey()
	again.Wire = true
	if got, _, err := s.Login("claude", again); err != nil || got.Changed {
		t.Errorf("again: %+v, %v", got, err)
	}
}

func TestAKeyOfAnyProviderIsKeptWithoutCLIProxyAPI(t *testing.T) {
	t.Parallel()
	for provider, owner := range map[string]string{"kimi": "kimi", "claude": "anthropic", "codex": "openai",
		"gemini": "gemini"} {
		s := authtest.NewSite(t)
		got, _, err := s.Login(provider, apiKey())
		if err != nil || got.Account.Provider != owner || got.Account.State != auth.Lasting {
			t.Errorf("%s: %+v, %v", provider, got, err)
		}
	}
}

func TestAStaticTokenOfAnyProviderIsTaken(t *testing.T) {
	t.Parallel()
	for provider, content := range map[string]any{
		"tok": authtest.Canary + "-token\n", "claude": authtest.Object{"type": "claude", "access_token": "a", "email": "a@x.y",
			"expired": authtest.Now().Add(time.Hour).Format(time.RFC3339)}, "kimi": authtest.Canary + "-token",
	} {
		s := authtest.NewSite(t)
		file := s.Put("token", content)
		s.Config.Providers = map[string]map[string]any{"tok": {"method": "static_token", "token_file": file, "file_type": "tok"}}
		o := signin.Options{Method: "static_token", File: file}
		if provider == "tok" {
			o = signin.Options{}
		}
		got, _, err := s.Login(provider, o)
		if err != nil || !got.Changed || got.Account.Provider != provider || len(got.Warnings) == 0 ||
			got.Warnings[0].Code != "refresh-missing" || !strings.Contains(got.Warnings[0].Message, "lasting") {
			t.Errorf("%s: %+v, %v", provider, got, err)
		}
	}
}

func TestAReadOnlyFileIsNotReplaced(t *testing.T) {
	t.Parallel()
	s := authtest.NewSite(t)
	file := configure(s, "echo")
	if err := os.Chmod(file, 0o400); err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	o := apiKey()
	o.Wire = true
	_, _, err = s.Login("openai", o)
	if authtest.WantCode(t, err, "wire-unsafe"); err == nil || !strings.Contains(err.Error(), "read-only") {
		t.Errorf("%v", err)
	}
	if after, _ := os.ReadFile(file); string(after) != string(before) {
		t.Errorf("the file became %s", after)
	}
}
