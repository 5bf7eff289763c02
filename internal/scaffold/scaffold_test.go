package scaffold_test

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/policy"
	"github.com/flowgate-go/flowgate/internal/scaffold"
	"github.com/goccy/go-yaml"
)

func empty(string) string { return "" }

func now() time.Time { return time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC) }

// tree returns every file and folder below dir with its mode and content.
func tree(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		rel, _ := filepath.Rel(dir, path)
		out[rel] = info.Mode().String()
		if info.Mode().IsRegular() {
			data, err := os.ReadFile(path)
			out[rel] += "\n" + string(data)
			return err
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func initialise(t *testing.T, o scaffold.Options) (scaffold.Result, *config.Config) {
	t.Helper()
	o.Now = now
	result, err := scaffold.Init(o)
	if err != nil {
		t.Fatal(err)
	}
	cfg, err := config.Load(filepath.Join(o.Dir, "config", "flowgate.yaml"), empty)
	if err != nil {
		t.Fatal(err)
	}
	return result, cfg
}

func TestWhatInitWritesIsTheBuiltInDefault(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	_, cfg := initialise(t, scaffold.Options{Dir: dir})
	if len(cfg.Warnings) != 0 {
		t.Errorf("warnings %v", cfg.Warnings)
	}
	want := config.Default(dir)
	cfg.File, want.File = "", ""
	want.Dir, want.CLIProxyConfigFile = filepath.Join(dir, "config"), filepath.Join(dir, "config", "cliproxyapi.yaml")
	if !reflect.DeepEqual(cfg, want) {
		a, _ := json.MarshalIndent(cfg, "", " ")
		b, _ := json.MarshalIndent(want, "", " ")
		t.Errorf("init writes %s\nthe default is %s", a, b)
	}
}

func TestEveryVariantLoadsWithoutWarningsAndBuildsEveryProfile(t *testing.T) {
	t.Parallel()
	for _, o := range []scaffold.Options{
		{}, {Runtime: config.RuntimeLiteLLM}, {Upstream: config.RuntimeCLIProxyAPI, RouterPort: 14000, UpstreamPort: 18317},
	} {
		o.Dir = t.TempDir()
		_, cfg := initialise(t, o)
		if len(cfg.Warnings) != 0 {
			t.Errorf("%+v: %v", o, cfg.Warnings)
		}
		for _, profile := range cfg.ProfileNames() {
			a, err := policy.Prepare(cfg, profile, empty)
			if err != nil || len(a.Warnings) != 0 {
				t.Errorf("%+v, %s: %v, %v", o, profile, a.Warnings, err)
			}
		}
		router, _ := cfg.Service(config.LiteLLM)
		upstream, _ := cfg.Service(config.CLIProxy)
		if o.RouterPort != 0 && (router.Port != o.RouterPort || upstream.Port != o.UpstreamPort) {
			t.Errorf("ports %d and %d", router.Port, upstream.Port)
		}
		if o.Runtime != "" && router.Runtime != o.Runtime || o.Upstream != "" && upstream.Runtime != o.Upstream {
			t.Errorf("runtimes %s and %s", router.Runtime, upstream.Runtime)
		}
	}
}

func TestKeysArePrivateRandomAndWhereTheyBelong(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	result, _ := initialise(t, scaffold.Options{Dir: dir})
	files := tree(t, dir)
	keys := map[string]string{}
	for _, name := range []string{"gateway.key", "upstream.key", "management.key"} {
		mode, key, _ := strings.Cut(files[".router/secrets/"+name], "\n")
		keys[name] = strings.TrimSpace(key)
		if mode != "-rw-------" || len(keys[name]) != 51 || !slices.Contains(result.Keys, ".router/secrets/"+name) {
			t.Errorf("%s: %s, %d characters, %v", name, mode, len(keys[name]), result.Keys)
		}
	}
	if keys["gateway.key"] == keys["upstream.key"] || keys["gateway.key"] == keys["management.key"] {
		t.Error("keys are the same")
	}
	var cliproxy struct {
		Host       string   `yaml:"host"`
		Port       int      `yaml:"port"`
		AuthDir    string   `yaml:"auth-dir"`
		APIKeys    []string `yaml:"api-keys"`
		Management struct {
			AllowRemote bool   `yaml:"allow-remote"`
			SecretKey   string `yaml:"secret-key"`
		} `yaml:"remote-management"`
	}
	mode, text, _ := strings.Cut(files["config/cliproxyapi.yaml"], "\n")
	if err := yaml.Unmarshal([]byte(text), &cliproxy); err != nil || mode != "-rw-------" {
		t.Fatal(mode, err)
	}
	if cliproxy.Host != "127.0.0.1" || cliproxy.Port != 8317 ||
		cliproxy.AuthDir != filepath.Join(dir, ".router", "auths") ||
		!slices.Equal(cliproxy.APIKeys, []string{keys["upstream.key"]}) ||
		cliproxy.Management.SecretKey != keys["management.key"] ||
		cliproxy.Management.AllowRemote {
		t.Error("cliproxyapi.yaml does not hold what it should")
	}
	for _, folder := range []string{".router", ".router/runtime", ".router/runtime/process-logs", ".router/auths",
		".router/secrets", ".router/store", ".router/generations"} {
		if files[folder] != "drwx------" {
			t.Errorf("%s: %s", folder, files[folder])
		}
	}
	shown, _ := json.Marshal(result)
	for name, key := range keys {
		if strings.Contains(string(shown), key) || strings.Contains(files["config/flowgate.yaml"], key) {
			t.Errorf("%s shows up", name)
		}
	}
}

func TestInitRefusesWhenAFileIsThereAndChangesNothing(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"config/flowgate.yaml", "config/cliproxyapi.yaml"} {
		dir := t.TempDir()
		if err := os.MkdirAll(filepath.Join(dir, "config"), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte("mine"), 0o644); err != nil {
			t.Fatal(err)
		}
		before := tree(t, dir)
		_, err := scaffold.Init(scaffold.Options{Dir: dir, Now: now})
		var f *fault.Error
		if !errors.As(err, &f) || f.Code != "already-initialised" || f.Exit != fault.ExitUsage ||
			!strings.Contains(f.Message, name) {
			t.Errorf("got %v", err)
		}
		if !reflect.DeepEqual(tree(t, dir), before) {
			t.Error("something changed")
		}
	}
}

func TestForceKeepsTheOldFilesAndTheKeys(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	initialise(t, scaffold.Options{Dir: dir})
	before := tree(t, dir)
	for _, name := range []string{"config/flowgate.yaml", "config/cliproxyapi.yaml"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("mine"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chmod(filepath.Join(dir, "config/cliproxyapi.yaml"), 0o644); err != nil {
		t.Fatal(err)
	}
	result, _ := initialise(t, scaffold.Options{Dir: dir, Force: true})
	after := tree(t, dir)
	want := []string{"config/flowgate.yaml.bak-20260304T050607Z", "config/cliproxyapi.yaml.bak-20260304T050607Z"}
	if !slices.Equal(result.Backups, want) || len(result.Keys) != 0 {
		t.Errorf("result %+v", result)
	}
	for _, name := range want {
		if _, content, _ := strings.Cut(after[name], "\n"); content != "mine" {
			t.Errorf("%s holds %q", name, content)
		}
		delete(after, name)
	}
	if !reflect.DeepEqual(after, before) {
		t.Error("the files differ from those of the first init, keys and modes included")
	}
	if again, _ := initialise(t, scaffold.Options{Dir: dir, Force: true}); len(again.Backups) != 0 {
		t.Errorf("nothing had changed, and kept was %q", again.Backups)
	}
	if err := os.WriteFile(filepath.Join(dir, "config/flowgate.yaml"), []byte("another"), 0o600); err != nil {
		t.Fatal(err)
	}
	same, _ := initialise(t, scaffold.Options{Dir: dir, Force: true}) // within the same second
	if !slices.Equal(same.Backups, []string{want[0] + "-2"}) {
		t.Errorf("kept: %q", same.Backups)
	}
}

func TestAFailureHalfWayLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	for _, obstacle := range []string{".gitignore/x", ".router/secrets/gateway.key/x", "config/x"} {
		dir := t.TempDir()
		path := filepath.Join(dir, obstacle)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte("mine"), 0o644); err != nil {
			t.Fatal(err)
		}
		if obstacle == "config/x" { // a file where the folder should be
			if err := os.RemoveAll(filepath.Join(dir, "config")); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, "config"), nil, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		before := tree(t, dir)
		_, err := scaffold.Init(scaffold.Options{Dir: dir, Now: now})
		var f *fault.Error
		if !errors.As(err, &f) || f.Code != "init-failed" {
			t.Errorf("%s: got %v", obstacle, err)
		}
		if after := tree(t, dir); !reflect.DeepEqual(after, before) {
			t.Errorf("%s: before %v\nafter %v", obstacle, before, after)
		}
	}
}

func TestIgnoreLinesAreAddedOnceAndTheRestIsKept(t *testing.T) {
	t.Parallel()
	for old, want := range map[string]string{
		"":              "/.router/\n/config/cliproxyapi.yaml\n/config/*.bak-*\n.env\n",
		"node_modules":  "node_modules\n/.router/\n/config/cliproxyapi.yaml\n/config/*.bak-*\n.env\n",
		"a\r\n.env\r\n": "a\r\n.env\r\n/.router/\r\n/config/cliproxyapi.yaml\r\n/config/*.bak-*\r\n",
		".router\n# c\n\n config/cliproxyapi.yaml \n.env": ".router\n# c\n\n config/cliproxyapi.yaml " +
			"\n.env\n/config/*.bak-*\n",
	} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, ".gitignore"), []byte(old), 0o640); err != nil {
			t.Fatal(err)
		}
		initialise(t, scaffold.Options{Dir: dir})
		if got := tree(t, dir)[".gitignore"]; got != "-rw-r-----\n"+want {
			t.Errorf("%q became %q", old, got)
		}
	}
}

func TestNextNamesTheGroupsAndThePort(t *testing.T) {
	t.Parallel()
	result, _ := initialise(t, scaffold.Options{Dir: t.TempDir(), RouterPort: 4567})
	next := strings.Join(result.Next, "\n")
	for _, part := range []string{"mage start", "ANTHROPIC_BASE_URL=http://127.0.0.1:4567 ",
		`base_url="http://127.0.0.1:4567/v1"`, "-m router-default", "/.router/secrets/gateway.key)"} {
		if !strings.Contains(next, part) {
			t.Errorf("%q is not in\n%s", part, next)
		}
	}
}

func TestUnknownRuntimesAreRefusedWithTheKnownOnes(t *testing.T) {
	t.Parallel()
	for _, o := range []scaffold.Options{{Runtime: "litelm"}, {Upstream: "docker"}} {
		o.Dir = t.TempDir()
		_, err := scaffold.Init(o)
		var f *fault.Error
		if !errors.As(err, &f) || f.Code != "runtime-unknown" || f.Exit != fault.ExitUsage ||
			!strings.Contains(f.Hint, "known: ") {
			t.Errorf("got %v", err)
		}
	}
}

func TestThePrivateStackHasAFallbackToShowInEveryProfile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	cfg, err := scaffold.WritePrivate(dir, 14001, 18318, config.RuntimeEmbedded)
	if err != nil {
		t.Fatal(err)
	}
	if len(cfg.Warnings) != 0 || !strings.HasPrefix(cfg.Paths.Root(), dir) ||
		cfg.File != filepath.Join(dir, "config", "flowgate.yaml") {
		t.Errorf("got %+v", cfg)
	}
	for _, profile := range cfg.ProfileNames() {
		a, err := policy.Prepare(cfg, profile, empty)
		if err != nil {
			t.Fatal(err)
		}
		out, _ := a.YAML()
		var active struct {
			Models []struct {
				Name   string         `yaml:"model_name"`
				Params map[string]any `yaml:"litellm_params"`
			} `yaml:"model_list"`
			Settings struct {
				Fallbacks []map[string][]string `yaml:"fallbacks"`
			} `yaml:"litellm_settings"`
		}
		if err := yaml.Unmarshal(out, &active); err != nil {
			t.Fatal(err)
		}
		last := active.Models[len(active.Models)-1]
		if last.Name != scaffold.SmokeGroup || last.Params["model"] != "openai/fail-503-smoke" ||
			last.Params["num_retries"] != uint64(0) ||
			last.Params["api_base"] != "http://127.0.0.1:18318/v1" {
			t.Errorf("%s: %+v", profile, last)
		}
		if f := active.Settings.Fallbacks; len(f) != 2 || !slices.Equal(f[1][scaffold.SmokeGroup], []string{"router-cheap"}) {
			t.Errorf("%s: fallbacks %v", profile, f)
		}
	}
}

func TestInitRefusesAFolderWhoseNameIsNotUTF8(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "caf\xe9")
	_, err := scaffold.Init(scaffold.Options{Dir: dir, Now: now})
	if fault.From(err) == nil || fault.From(err).Code != "folder-name-invalid" {
		t.Errorf("%v", err)
	}
	if _, err := os.Lstat(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("something was made: %v", err)
	}
}

// TestInitLeavesAFolderOfAnotherAlone: what init wrote there would be another's,
// and every command after it would refuse it.
func TestInitLeavesAFolderOfAnotherAlone(t *testing.T) {
	t.Parallel()
	for name, prepare := range map[string]func(dir string) error{
		"another user's .router": func(dir string) error {
			return errors.Join(os.Chmod(dir, 0o1777|fs.ModeSticky), os.Mkdir(filepath.Join(dir, ".router"), 0o700),
				os.Chown(filepath.Join(dir, ".router"), 65534, -1))
		},
		"another user's folder":     func(dir string) error { return os.Chown(dir, 65534, -1) },
		"a folder that others open": func(dir string) error { return os.Chmod(dir, 0o777) },
	} {
		if os.Geteuid() != 0 && name != "a folder that others open" {
			t.Logf("%s: needs root, to give files away", name)
			continue
		}
		dir := t.TempDir()
		if err := prepare(dir); err != nil {
			t.Fatal(err)
		}
		_, err := scaffold.Init(scaffold.Options{Dir: dir})
		if fault.From(err).Code != "not-yours" {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := os.Stat(filepath.Join(dir, "config")); err == nil {
			t.Errorf("%s: something was written", name)
		}
	}
}
