package policy_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/policy"
)

var moment = time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)

func read(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestWritePutsAProfileInForceAndRestoreTakesItBack(t *testing.T) {
	t.Parallel()
	cfg := config.Default(t.TempDir())
	first, err := policy.Write(cfg, buildActive(t, cfg, "cost", empty), moment)
	if err != nil {
		t.Fatal(err)
	}
	active, state := read(t, cfg.Paths.ActiveConfig), read(t, cfg.Paths.StateFile)
	second, err := policy.Write(cfg, buildActive(t, cfg, "reliability", empty), moment.Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	if profile, since := policy.Current(cfg); profile != "reliability" || !since.Equal(moment.Add(time.Hour)) {
		t.Errorf("in force: %s since %s", profile, since)
	}
	if loaded, err := policy.Load(cfg); err != nil || loaded.Profile != "reliability" || loaded.MasterKey(empty) == "" {
		t.Errorf("%+v, %v", loaded, err)
	}
	for _, path := range []string{cfg.Paths.ActiveConfig, cfg.Paths.StateFile} {
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", path, info.Mode(), err)
		}
	}
	if err := second.Restore(); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(read(t, cfg.Paths.ActiveConfig), active) || !bytes.Equal(read(t, cfg.Paths.StateFile), state) {
		t.Error("not as it was")
	}
	if err := first.Restore(); err != nil {
		t.Fatal(err)
	}
	if entries, err := os.ReadDir(cfg.Paths.RuntimeDir); err != nil || len(entries) != 0 {
		t.Errorf("left: %v, %v", entries, err)
	}
}

func TestWriteTightensTheModeOfAnOldFile(t *testing.T) {
	t.Parallel()
	cfg := config.Default(t.TempDir())
	if err := os.MkdirAll(cfg.Paths.RuntimeDir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(cfg.Paths.ActiveConfig, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := policy.Write(cfg, buildActive(t, cfg, "cost", empty), moment); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(cfg.Paths.ActiveConfig); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
}

func TestUnknownKeysOfTheStateAreKeptAndATornStateIsNotAnError(t *testing.T) {
	t.Parallel()
	cfg := config.Default(t.TempDir())
	if profile, since := policy.Current(cfg); profile != "" || !since.IsZero() {
		t.Errorf("got %s, %s without a file", profile, since)
	}
	if err := os.MkdirAll(cfg.Paths.RuntimeDir, 0o700); err != nil {
		t.Fatal(err)
	}
	for old, want := range map[string]string{`{"mine": {"a": [1, 2]}, "current_profile": 7}`: `{"a":[1,2]}`,
		`{"mine": 1, "cur`: "", "null": "", "": "", "[]": ""} {
		if err := os.WriteFile(cfg.Paths.StateFile, []byte(old), 0o600); err != nil {
			t.Fatal(err)
		}
		if profile, _ := policy.Current(cfg); profile != "" {
			t.Errorf("%s: got %s", old, profile)
		}
		if _, err := policy.Write(cfg, buildActive(t, cfg, "cost", empty), moment); err != nil {
			t.Fatal(err)
		}
		var state map[string]json.RawMessage
		if err := json.Unmarshal(read(t, cfg.Paths.StateFile), &state); err != nil {
			t.Fatal(err)
		}
		var mine bytes.Buffer
		if len(state["mine"]) > 0 {
			if err := json.Compact(&mine, state["mine"]); err != nil {
				t.Fatal(err)
			}
		}
		if mine.String() != want || string(state["current_profile"]) != `"cost"` ||
			string(state["updated_at"]) != `"2026-03-04T05:06:07Z"` {
			t.Errorf("%s became %s", old, read(t, cfg.Paths.StateFile))
		}
	}
}

func TestAStateThatCannotBeWrittenPutsTheConfigurationBack(t *testing.T) {
	t.Parallel()
	cfg := config.Default(t.TempDir())
	if _, err := policy.Write(cfg, buildActive(t, cfg, "cost", empty), moment); err != nil {
		t.Fatal(err)
	}
	active := read(t, cfg.Paths.ActiveConfig)
	blocked := filepath.Join(cfg.Dir, "blocked")
	if err := os.WriteFile(blocked, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	cfg.Paths.StateFile = filepath.Join(blocked, "state.json") // its folder is a file
	_, err := policy.Write(cfg, buildActive(t, cfg, "reliability", empty), moment)
	var f *fault.Error
	if !errors.As(err, &f) || f.Code != "write-failed" || f.Exit != fault.ExitFailed {
		t.Errorf("got %v", err)
	}
	if !bytes.Equal(read(t, cfg.Paths.ActiveConfig), active) {
		t.Error("the active configuration was changed")
	}
}

func TestLoadSaysWhatIsMissingOrDamaged(t *testing.T) {
	t.Parallel()
	cfg := config.Default(t.TempDir())
	var f *fault.Error
	if _, err := policy.Load(cfg); !errors.As(err, &f) || f.Code != "active-missing" || f.Hint == "" {
		t.Errorf("got %v", err)
	}
	if err := os.MkdirAll(cfg.Paths.RuntimeDir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(cfg.Paths.ActiveConfig, []byte("general_settings: [sk-canary"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := policy.Load(cfg); !errors.As(err, &f) || f.Code != "active-invalid" ||
		strings.Contains(f.Message, "canary") {
		t.Errorf("got %v", err)
	}
}

func TestBytesAreStableAndReadTheSameByYAML11(t *testing.T) {
	t.Parallel()
	cfg := config.Default(t.TempDir())
	texts := []any{
		"yes",
		"off",
		"12:30",
		"2026-01-01",
		"0777",
		"1_000",
		"null",
		"~",
		"",
		" x",
		"a: b",
		"# c",
		"line\nline\n",
		"é😀",
		"\x00\x1b",
		"<&>",
		"os.environ/X",
		"n",
		"1e3",
		".5",
		"=",
		"!t",
		"- d",
		"a\tb",
		"'",
		"\"",
		"\\",
		"\u2028",
	}
	numbers := []any{1, -2, 1.5, true, nil, []any{}, map[string]any{}}
	cfg.Base["litellm_settings"] = map[string]any{
		"texts":   texts,
		"numbers": numbers,
		"yes":     map[string]any{"a: b": []any{[]any{map[string]any{"on": "x"}}}},
	}
	a := buildActive(t, cfg, "cost", empty)
	first, err := a.YAML()
	if err != nil {
		t.Fatal(err)
	}
	again, _ := buildActive(t, cfg, "cost", empty).YAML()
	if !bytes.Equal(first, again) {
		t.Error("two builds differ")
	}
	if !bytes.HasPrefix(first, []byte("# Generated by FlowGate from the built-in default, profile cost. Do not edit")) {
		t.Errorf("begins with %.80s", first)
	}
	if _, err := policy.Write(cfg, a, moment); err != nil {
		t.Fatal(err)
	}
	loaded, err := policy.Load(cfg)
	if err != nil {
		t.Fatal(err)
	}
	want, _ := json.Marshal(a.Config)
	if got, _ := json.Marshal(loaded.Config); !bytes.Equal(got, want) {
		t.Errorf("reads back as\n%s\nnot\n%s", got, want)
	}
	python, err := exec.LookPath("python3")
	if err != nil || exec.Command(python, "-c", "import yaml").Run() != nil {
		t.Log("no PyYAML here; read back by our own YAML only")
		return
	}
	out, err := exec.Command(python, "-c", "import sys, json, yaml; json.dump(yaml.safe_load(open(sys.argv[1])), "+
		"sys.stdout, ensure_ascii=True)", cfg.Paths.ActiveConfig).
		Output()
	if err != nil {
		t.Fatal(err)
	}
	var theirs, ours any
	if json.Unmarshal(out, &theirs) != nil || json.Unmarshal(want, &ours) != nil {
		t.Fatalf("PyYAML gave %s", out)
	}
	left, _ := json.Marshal(theirs)
	right, _ := json.Marshal(ours)
	if !bytes.Equal(left, right) {
		t.Errorf("PyYAML reads\n%s\nnot\n%s", left, right)
	}
}

func TestDiffListsWhatTwoProfilesChangeInOrder(t *testing.T) {
	t.Parallel()
	cfg := config.Default(t.TempDir())
	changes, err := policy.Diff(cfg, "reliability", "cost")
	if err != nil {
		t.Fatal(err)
	}
	out, _ := json.Marshal(changes)
	want := `[{"path":"litellm_settings.fallbacks","from":[{"router-default":["router-cheap"]}],"to":[{"router-cheap":["router-default"]}]},` +
		`{"path":"litellm_settings.num_retries","from":3,"to":1},{"path":"router_settings.allowed_fails","from":1,"to":3},{"path":"router_settings.cooldown_time","from":60,"to":10},` +
		`{"path":"router_settings.routing_strategy","from":"simple-shuffle","to":"cost-based-routing"}]`
	if string(out) != want {
		t.Errorf("got %s", out)
	}
	if same, err := policy.Diff(cfg, "cost", "cost"); err != nil || len(same) != 0 || same == nil {
		t.Errorf("a profile differs from itself: %v, %v", same, err)
	}
	_, err = policy.Diff(cfg, "cost", "coast")
	wantFault(t, err, "profile-unknown", `"cost"`)
}

func TestDiffComparesDeploymentsByGroupAndHidesTheirKeys(t *testing.T) {
	t.Parallel()
	cfg := config.Default(t.TempDir())
	one := func(group, key string) any {
		return map[string]any{"model_name": group, "litellm_params": map[string]any{"model": "openai/x", "api_key": key}}
	}
	cfg.Profiles["a"] = map[string]any{"model_list": []any{one("g", "sk-canary-000001"), one("h", "sk-canary-000002")}}
	cfg.Profiles["b"] = map[string]any{
		"model_list": []any{one("h", "sk-canary-000002"), one("g", "sk-canary-000003"), one("g", "sk-canary-000004")},
	}
	changes, err := policy.Diff(cfg, "a", "b")
	if err != nil {
		t.Fatal(err)
	}
	out, _ := json.Marshal(changes)
	want := `[{"path":"model_list.g[0].litellm_params.api_key","from":"sk-…0001","to":"sk-…0003"},` +
		`{"path":"model_list.g[1]","from":null,"to":{"litellm_params":{"api_key":"sk-…0004","model":"openai/x"},"model_name":"g"}}]`
	if string(out) != want {
		t.Errorf("got %s", out)
	}
	listed, _ := json.Marshal(policy.List(cfg))
	if strings.Contains(string(listed), "canary") || !strings.Contains(string(listed), `{"name":"a","settings":{`) {
		t.Errorf("List gives %s", listed)
	}
}

func BenchmarkBuild(b *testing.B) {
	cfg := config.Default(b.TempDir())
	b.ReportAllocs()
	for b.Loop() {
		a, err := policy.Prepare(cfg, "balanced", empty)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := a.YAML(); err != nil {
			b.Fatal(err)
		}
	}
}

func TestAFileThatCannotBePutBackIsNotCalledUnchanged(t *testing.T) {
	t.Parallel()
	cfg := config.Default(t.TempDir())
	active := policy.Active{Profile: "cost"}
	previous, err := policy.Write(cfg, active, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	second, err := policy.Write(cfg, active, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(os.RemoveAll(cfg.Paths.RuntimeDir), os.WriteFile(cfg.Paths.RuntimeDir, nil, 0o600)); err != nil {
		t.Fatal(err)
	}
	for name, p := range map[string]*policy.Previous{"files that were there": second, "files that were not": previous} {
		err := p.Restore()
		if f := fault.From(err); err == nil || f.Code != "write-failed" ||
			!strings.Contains(f.Message, "put "+cfg.Paths.ActiveConfig+" back") ||
			strings.Contains(f.Hint, "not changed") {
			t.Errorf("%s: %v, hint %q", name, err, fault.From(err).Hint)
		}
	}
}
