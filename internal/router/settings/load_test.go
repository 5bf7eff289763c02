package settings_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/config/yamlnode"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/router/settings"
)

const minimal = `model_list:
  - {model_name: m, litellm_params: {model: openai/up-model, api_base: http://UP/v1, api_key: k-up}, model_info: {id: id-m}}
general_settings: {master_key: sk-test}
`

// load writes yaml, in which UP and DOWN stand for addresses, and loads it.
func load(t testing.TB, yaml, up, down string, env map[string]string) (*settings.Settings, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "litellm.active.yaml")
	yaml = strings.NewReplacer("127.0.0.1:9190", up, "127.0.0.1:9199", down, "UP", up, "DOWN", down).Replace(yaml)
	if err := os.WriteFile(path, []byte(yaml), 0o600); err != nil {
		t.Fatal(err)
	}
	return settings.Load(path, func(name string) string { return env[name] })
}

func TestLoadRefusesWhatLiteLLMWouldStartWithAndSaysWhere(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ yaml, code, want string }{
		"no master key": {strings.Replace(minimal, "sk-test", `""`, 1), "master-key-missing",
			"general_settings.master_key is not set"},
		"no general section": {"model_list: []\n", "master-key-missing", "is not set"},
		"sample master key":  {strings.Replace(minimal, "sk-test", "sk-1234", 1), "master-key-weak", "sample key"},
		"unset reference":    {strings.Replace(minimal, "sk-test", "os.environ/NOPE", 1), "master-key-missing", "is not set"},
		"empty file":         {"", "settings-invalid", ":1:1: the file is empty"},
		"scalar":             {"hello\n", "settings-invalid", ":1:1: the file must hold a map"},
		"broken YAML":        {"model_list:\n  - {a: 1\n", "settings-invalid", ":2:5: "},
		"duplicate key": {minimal + "general_settings: {master_key: sk-b}\n", "settings-invalid",
			`:4:1: key "general_settings" is given twice; the first is at line 3, column 1`},
		"two documents": {minimal + "---\na: 1\n", "settings-invalid", ":4:1: a second YAML document begins here"},
		"num_retries": {minimal + "litellm_settings:\n  num_retries: lots\n", "settings-invalid",
			":5:3: litellm_settings.num_retries: expected a number, found text"},
		"cooldown_time": {minimal + "router_settings:\n  cooldown_time: [1]\n", "settings-invalid",
			":5:3: router_settings.cooldown_time: expected a number, found a list"},
		"half a retry": {minimal + "router_settings: {num_retries: 1.5}\n", "settings-invalid",
			"expected a whole number"},
		"negative": {minimal + "router_settings: {timeout: -1}\n", "settings-invalid", "expected a number from 0"},
		"flag": {minimal + "router_settings: {disable_cooldowns: maybe}\n", "settings-invalid",
			"expected true or false, found text"},
		"model_list map": {"model_list: {a: 1}\ngeneral_settings: {master_key: sk-test}\n", "settings-invalid",
			":1:1: model_list: expected a list, found a mapping"},
		"entry without model": {"general_settings: {master_key: sk-test}\nmodel_list:\n  - model_name: m\n    " +
			"litellm_params: {api_key: x}\n",
			"settings-invalid", ":3:5: model_list[0]: the entry has no litellm_params.model"},
		"fallbacks map": {minimal + "router_settings: {fallbacks: {m: [m]}}\n", "settings-invalid",
			"router_settings.fallbacks: expected a list, found a mapping"},
		"fallback number": {minimal + "router_settings:\n  fallbacks:\n    - m: [4]\n", "settings-invalid",
			":6:11: router_settings.fallbacks[0].m[0]: expected the name of a model group"},
		"include": {minimal + "include: [x.yaml]\n", "settings-invalid", ":4:11: include[0]: "},
		"section is a list": {minimal + "router_settings: [a]\n", "settings-invalid",
			"router_settings: expected a mapping, found a list"},
	} {
		_, err := load(t, c.yaml, "127.0.0.1:1", "", nil)
		var f *fault.Error
		if !errors.As(err, &f) || f.Code != c.code || !strings.Contains(f.Message, c.want) || f.Exit != fault.ExitUsage {
			t.Errorf("%s: %v; want %s with %q", name, err, c.code, c.want)
		}
		if f != nil && strings.Contains(f.Message+f.Hint, "user:pw") {
			t.Errorf("%s: the message holds a secret: %s", name, f.Message)
		}
	}
}

func TestExamineFindsEveryMistakeAndServesTheRest(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "litellm.yaml")
	text := minimal + `  # the key is missing on purpose
include: [gone.yaml]
router_settings: {timeout: soon, disable_cooldowns: maybe}
guardrails: [{guardrail_name: pii}]
`
	text = strings.Replace(text, "general_settings: {master_key: sk-test}\n", "  - {model_name: lame, litellm_params: {rpm: lots}}\n", 1)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	s, problems, err := settings.Examine(path, os.Getenv)
	if err != nil || len(s.Deployments) != 1 {
		t.Fatalf("%+v, %v", s, err)
	}
	var places []string
	for _, p := range problems {
		places = append(places, fmt.Sprintf("%d:%d %s %s", p.Line, p.Column, p.Code, p.Path))
	}
	want := []string{
		"5:11 settings-invalid include[0]",
		"7:1 setting-unenforced guardrails",
		"6:34 settings-invalid router_settings.disable_cooldowns",
		"6:19 settings-invalid router_settings.timeout",
		"3:5 settings-invalid model_list[1]",
	}
	slices.Sort(places)
	slices.Sort(want)
	if !slices.Equal(places, want) {
		t.Errorf("%q, not %q", places, want)
	}
}

func TestLoadSaysWhatIsWrongWithTheFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	big := filepath.Join(dir, "big.yaml")
	if err := os.WriteFile(big, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(big, 100<<20); err != nil {
		t.Fatal(err)
	}
	for path, code := range map[string]string{filepath.Join(dir, "none.yaml"): "settings-not-found",
		dir: "settings-unreadable", big: "settings-unreadable"} {
		_, err := settings.Load(path, os.Getenv)
		var f *fault.Error
		if !errors.As(err, &f) || f.Code != code || !strings.Contains(f.Message, path) {
			t.Errorf("Load(%s) = %v; want %s", path, err, code)
		}
	}
}

func TestLoadWarnsAboutWhatHasNoEffectOrAnother(t *testing.T) {
	t.Parallel()
	s, err := load(t, `model_list:
  - model_name: m
    litellm_params: {model: openai/up, api_base: http://UP/v1, api_key: os.environ/NOPE, max_parallel_requests: 2}
  - {model_name: lost, litellm_params: {model: nosuchprovider/x}}
general_settings: {master_key: os.environ/KEY, database_url: x}
litellm_settings: {allowed_fails: 1, drop_params: true, cache: true, set_verbose: true, fallbacks: [{m: [ghost]}]}
router_settings: {routing_strategy: least-bsy, allowed_fails: 3}
surprise: 1
`, "127.0.0.1:1", "", map[string]string{"KEY": "sk-env"})
	if err != nil {
		t.Fatal(err)
	}
	want := []config.Warning{
		{Code: "environment-variable-unset", Path: "model_list[0].litellm_params.api_key", Line: 3},
		{Code: "setting-without-effect", Path: "model_list[0].litellm_params.max_parallel_requests", Line: 3},
		{Code: "provider-unknown", Path: "model_list[1].litellm_params.model", Line: 4},
		{Code: "setting-without-effect", Path: "general_settings.database_url", Line: 5},
		{Code: "cooldown-setting-misplaced", Path: "litellm_settings.allowed_fails", Line: 6},
		{Code: "setting-without-effect", Path: "litellm_settings.cache", Line: 6},
		{Code: "fallback-unknown", Path: "litellm_settings.fallbacks[0].m[0]", Line: 6},
		{Code: "routing-strategy-unknown", Path: "router_settings.routing_strategy", Line: 7},
		{Code: "allowed-fails-default", Path: "router_settings.allowed_fails", Line: 7},
		{Code: "setting-without-effect", Path: "surprise", Line: 8},
	}
	for _, w := range want {
		found := false
		for _, got := range s.Warnings {
			found = found || got.Code == w.Code && got.Path == w.Path && got.Line == w.Line && got.Message != ""
		}
		if !found {
			t.Errorf("no warning %+v", w)
		}
	}
	if len(s.Warnings) != len(want) {
		t.Errorf("%d warnings, want %d: %+v", len(s.Warnings), len(want), s.Warnings)
	}
}

func TestAliasesInYAMLAreFollowed(t *testing.T) {
	t.Parallel()
	s, err := load(t, `x: &base {api_base: http://UP/v1, api_key: k}
model_list:
  - {model_name: a, litellm_params: {<<: *base, model: openai/a}}
  - {model_name: b, litellm_params: {<<: *base, model: deepseek/b}}
general_settings: {master_key: sk-test}
`, "127.0.0.1:1", "", nil)
	if err != nil || len(s.Deployments) != 2 || s.Deployments[1].Upstream != "b" ||
		s.Deployments[1].Kind != settings.OpenAI {
		t.Fatalf("%+v, %v", s, err)
	}
}

// examine examines a file with mistakes.
func examine(t *testing.T, text string) (*settings.Settings, []yamlnode.Problem, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "litellm.yaml")
	if err := os.WriteFile(path, []byte(strings.ReplaceAll(text, "UP", "127.0.0.1:1")), 0o600); err != nil {
		t.Fatal(err)
	}
	return settings.Examine(path, func(string) string { return "" })
}
