package scaffold_test

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/policy"
	"github.com/flowgate-go/flowgate/internal/preview"
	"github.com/flowgate-go/flowgate/internal/router/provider"
	"github.com/flowgate-go/flowgate/internal/scaffold"
)

// withKeys has a key in every variable but those called UNSET.
func withKeys(name string) string {
	if strings.HasSuffix(name, "_KEY") && !strings.HasPrefix(name, "UNSET") && name != "LITELLM_MASTER_KEY" {
		return "key-of-" + name
	}
	return ""
}

// TestEveryFileThatIsTakenServesWhatItServed takes the configurations of internal/preview and
// compares what is served before and after.
func TestEveryFileThatIsTakenServesWhatItServed(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../preview/testdata/configs/*.*")
	if err != nil || len(files) < 60 {
		t.Fatal(files, err)
	}
	taken := 0
	for _, file := range files {
		dir := t.TempDir()
		source := copyTo(t, dir, file)
		before, err := preview.File(source, "", withKeys)
		if err != nil {
			t.Fatal(err)
		}
		s, err := scaffold.TakeFile(source, dir, nil, withKeys)
		if refused := before.Format == config.FormatFlowGate || before.Err() != nil; refused != (err != nil) {
			t.Errorf("%s: %v, although the preview says %v", file, err, before.Err())
		}
		if err != nil {
			continue
		}
		taken++
		result, err := scaffold.Init(scaffold.Options{Dir: dir, Now: now, Source: &s})
		if err != nil {
			t.Errorf("%s: %v", file, err)
			continue
		}
		compareTaken(t, file, dir, before, s)
		for _, name := range result.Keys {
			if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.Mode().Perm() != 0o600 {
				t.Errorf("%s: %s %v %v", file, name, info.Mode(), err)
			}
		}
	}
	if taken < 50 {
		t.Errorf("only %d files were taken", taken)
	}
}

// copyTo copies a configuration and what it includes into a folder of dir.
func copyTo(t *testing.T, dir, file string) string {
	t.Helper()
	parts, err := filepath.Glob("../preview/testdata/configs/parts/*")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range append(parts, file) {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		rel, err := filepath.Rel("../preview/testdata/configs", name)
		if err != nil {
			t.Fatal(err)
		}
		to := filepath.Join(dir, "theirs", rel)
		if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(to, bytes.ReplaceAll(text, []byte("UP/"), []byte("127.0.0.1:9/")), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(dir, "theirs", filepath.Base(file))
}

// compareTaken compares what a taken configuration serves with what the original did, and its
// fallbacks in every profile.
func compareTaken(t *testing.T, file, dir string, before preview.Preview, s scaffold.Source) {
	t.Helper()
	path := filepath.Join(dir, "config", "flowgate.yaml")
	after, err := preview.File(path, "", withKeys)
	if err != nil || after.Err() != nil {
		t.Errorf("%s: %v, %v", file, err, after.Err())
		return
	}
	if a, b := listServed(before), listServed(after); !slices.Equal(a, b) {
		t.Errorf("%s: serves\n%s\nbefore it served\n%s", file, strings.Join(b, "\n"), strings.Join(a, "\n"))
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range s.Secrets {
		if bytes.Contains(text, []byte(secret.Value)) {
			t.Errorf("%s: the key %s is in the configuration", file, secret.Name)
		}
	}
	cfg, err := config.Load(path, withKeys)
	if err != nil {
		t.Fatal(err)
	}
	base, _ := cfg.Base["litellm_settings"].(map[string]any)
	for _, profile := range cfg.ProfileNames() {
		merged, err := policy.Merged(cfg, profile)
		if err != nil {
			t.Fatal(err)
		}
		settings, _ := merged["litellm_settings"].(map[string]any)
		if !reflect.DeepEqual(settings["fallbacks"], base["fallbacks"]) {
			t.Errorf("%s: profile %s has the fallbacks %v", file, profile, settings["fallbacks"])
		}
	}
}

// listServed returns what a configuration serves, a line for each deployment.
func listServed(p preview.Preview) []string {
	var lines []string
	for _, d := range p.Deployments {
		lines = append(lines, fmt.Sprintln(d.Group, d.Provider, d.Address, d.Upstream, d.Serves, d.Dialects, d.Key.Set,
			d.WithoutEffect))
	}
	return lines
}

func TestAFileThatTheRouterWouldRefuseIsNotTakenUnlessThatIsWaived(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	source := copyTo(t, dir, "../preview/testdata/configs/r-budget.yaml")
	_, err := scaffold.TakeFile(source, dir, []string{"max_budget"}, withKeys)
	f := fault.From(err)
	if f.Code != "setting-unenforced" || !strings.Contains(f.Hint, "-ignore=") || !strings.Contains(f.Message, "r-budget.yaml:") {
		t.Fatalf("%+v", f)
	}
	s, err := scaffold.TakeFile(source, dir, []string{"max_budget", "budget_duration", "callbacks"}, withKeys)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := scaffold.Init(scaffold.Options{Dir: dir, Now: now, Source: &s}); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "config", "flowgate.yaml")
	for _, profile := range []string{"balanced", "cost", "reliability"} {
		if p, err := preview.File(path, profile, withKeys); err != nil || p.Err() != nil {
			t.Errorf("%s: %v %v", profile, err, p.Err())
		}
	}
}

func TestOnlyWhatIsUnenforcedCanBeWaived(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	source := copyTo(t, dir, "../preview/testdata/configs/broken-types.yaml")
	_, err := scaffold.TakeFile(source, dir, []string{"num_retries", "cooldown_time", "litellm_settings"}, withKeys)
	if !fault.HasCode(err, "settings-invalid") {
		t.Errorf("a wrong value was waived: %v", err)
	}
}

func TestAKeyThatIsThereIsNotReplaced(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	source := copyTo(t, dir, "../preview/testdata/configs/l-base-url.yaml")
	s, err := scaffold.TakeFile(source, dir, nil, withKeys)
	if err != nil {
		t.Fatal(err)
	}
	secrets := filepath.Join(dir, ".router", "secrets")
	if err := os.MkdirAll(secrets, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(secrets, "openai.key"), []byte("another-key-altogether\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	before := tree(t, dir)
	if _, err := scaffold.Init(scaffold.Options{Dir: dir, Now: now, Source: &s}); !fault.HasCode(err, "key-exists") {
		t.Error(err)
	}
	if after := tree(t, dir); !reflect.DeepEqual(before, after) {
		t.Errorf("init left something behind: %v", after)
	}
}

// TestEveryProviderWithAnAddressIsSetUp sets up every provider of the table.
func TestEveryProviderWithAnAddressIsSetUp(t *testing.T) {
	t.Parallel()
	set := 0
	for _, name := range provider.Names() {
		row, _ := provider.Find(name)
		u, err := scaffold.FindUpstream(name, "", empty)
		if works := !u.Local && row.Base != ""; err != nil {
			if works {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		models := u.KnownModels()
		if len(models) == 0 {
			models = []string{"m"}
		}
		key := ""
		if !row.KeyOptional {
			key = "key-0123456789"
		}
		s := u.Source(models, key)
		dir := t.TempDir()
		if _, err := scaffold.Init(scaffold.Options{Dir: dir, Now: now, Source: &s}); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		set++
		checkProvider(t, name, dir, key)
	}
	if set < 80 {
		t.Errorf("only %d providers were set up", set)
	}
}

// checkProvider checks that every group of a provider's configuration can be served.
func checkProvider(t *testing.T, name, dir, key string) {
	t.Helper()
	p, err := preview.File(filepath.Join(dir, "config", "flowgate.yaml"), "", empty)
	if err != nil || p.Err() != nil || len(p.Warnings) > 0 {
		t.Errorf("%s: %v %v %v", name, err, p.Err(), p.Warnings)
	}
	for _, d := range p.Deployments {
		if !d.Serves || d.Key.Set != (key != "") {
			t.Errorf("%s: %+v", name, d)
		}
	}
}

func TestALocalServerIsAskedForItsModelsWithoutAKey(t *testing.T) {
	t.Parallel()
	var asked []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.Method+" "+r.URL.Path+r.Header.Get("Authorization"))
		_, _ = w.Write([]byte(`{"data":[{"id":"nomic-embed-text"},{"id":"qwen3:8b"},{"id":"phi4"}]}`))
	}))
	defer server.Close()
	u, err := scaffold.FindUpstream("ollama", server.URL, empty)
	if err != nil {
		t.Fatal(err)
	}
	models, err := scaffold.ListModels(t.Context(), u)
	if err != nil || !slices.Equal(models, []string{"qwen3:8b", "phi4"}) || !slices.Equal(asked, []string{"GET /v1/models"}) {
		t.Errorf("%v %v %q", models, err, asked)
	}
	server.Close()
	if _, err := scaffold.ListModels(t.Context(), u); !fault.HasCode(err, "upstream-unreachable") {
		t.Error(err)
	}
	elsewhere, err := scaffold.FindUpstream("vllm", "https://gpu.example/v1", empty)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := scaffold.ListModels(t.Context(), elsewhere); !fault.HasCode(err, "argument-missing") {
		t.Errorf("another machine was asked: %v", err)
	}
}

func TestConfigurationsOfOtherRoutersAreFound(t *testing.T) {
	t.Parallel()
	dir, home := t.TempDir(), t.TempDir()
	for path, text := range map[string]string{
		filepath.Join(dir, "litellm_config.yaml"):                 "model_list: []\n",
		filepath.Join(dir, "config.yaml"):                         "theme: dark\n",
		filepath.Join(home, ".claude-code-router", "config.json"): "{ // mine\n\"Providers\": []}\n",
		filepath.Join(dir, "config", "flowgate.yaml"):             "config_version: 2\n",
	} {
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want := []scaffold.Foreign{
		{Path: filepath.Join(dir, "litellm_config.yaml"), Format: config.FormatLiteLLM},
		{Path: filepath.Join(home, ".claude-code-router", "config.json"), Format: config.FormatClaudeCodeRouter},
	}
	if got := scaffold.FindForeign(dir, home); !slices.Equal(got, want) {
		t.Errorf("%v, not %v", got, want)
	}
}

// TestTheVariableOfAServersAddressCounts: LiteLLM's variable is where its users have the address of
// their server. One of a provider with an address of its own is left to the router.
func TestTheVariableOfAServersAddressCounts(t *testing.T) {
	t.Parallel()
	env := func(name string) string {
		return map[string]string{"OLLAMA_API_BASE": "http://127.0.0.1:9", "AZURE_API_BASE": "https://mine.example",
			"OPENAI_BASE_URL": "https://gw.example/v1"}[name]
	}
	for _, c := range []struct{ name, address, want, written string }{
		{"ollama", "", "http://127.0.0.1:9", `api_base: "http://127.0.0.1:9"`},
		{"ollama", "http://127.0.0.1:8", "http://127.0.0.1:8", `api_base: "http://127.0.0.1:8"`},
		{"azure", "", "https://mine.example", `api_base: "https://mine.example"`},
		{"azure", "https://other.example", "https://other.example", `api_base: "https://other.example"`},
		{"openai", "", "https://api.openai.com/v1", ""},
		{"openai", "https://other.example", "https://other.example", `api_base: "https://other.example"`},
	} {
		u, err := scaffold.FindUpstream(c.name, c.address, env)
		if err != nil || u.Base != c.want {
			t.Errorf("%s %s: %s %v", c.name, c.address, u.Base, err)
			continue
		}
		text := string(u.Source([]string{"m"}, "").Base)
		if !strings.Contains(text, c.written) || (c.written == "") == strings.Contains(text, "api_base") {
			t.Errorf("%s %s: %s", c.name, c.address, text)
		}
	}
}
