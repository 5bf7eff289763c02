package policy_test

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/policy"
)

func empty(string) string { return "" }

// env makes a getenv of name, value pairs.
func env(pairs ...string) func(string) string {
	return func(name string) string {
		for i := 0; i < len(pairs); i += 2 {
			if pairs[i] == name {
				return pairs[i+1]
			}
		}
		return ""
	}
}

func buildActive(t *testing.T, cfg *config.Config, profile string, getenv func(string) string) policy.Active {
	t.Helper()
	a, err := policy.Prepare(cfg, profile, getenv)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// valueAt follows keys and indexes into v.
func valueAt(v any, path ...any) any {
	for _, step := range path {
		switch s := step.(type) {
		case string:
			m, _ := v.(map[string]any)
			v = m[s]
		case int:
			list, _ := v.([]any)
			if s >= len(list) {
				return nil
			}
			v = list[s]
		}
	}
	return v
}

func wantFault(t *testing.T, err error, code string, parts ...string) {
	t.Helper()
	var f *fault.Error
	if !errors.As(err, &f) || f.Code != code || f.Exit != fault.ExitUsage || f.Hint == "" {
		t.Errorf("got %#v, want %s", err, code)
		return
	}
	for _, part := range parts {
		if !strings.Contains(f.Message+" "+f.Hint, part) {
			t.Errorf("%q is not in %q (%s)", part, f.Message, f.Hint)
		}
	}
}

func TestTheBuiltInDefaultBuildsEveryProfileAndMakesItsKeys(t *testing.T) {
	t.Parallel()
	cfg := config.Default(t.TempDir())
	for name, retries := range map[string]int{"reliability": 3, "balanced": 2, "cost": 1, "": 2} {
		a := buildActive(t, cfg, name, empty)
		if got := valueAt(a.Config, "litellm_settings", "num_retries"); got != retries {
			t.Errorf("%s: num_retries %v", name, got)
		}
		if len(a.Warnings) != 0 {
			t.Errorf("%s: %v", name, a.Warnings)
		}
		gateway, err := os.ReadFile(filepath.Join(cfg.Paths.Secrets(), "gateway.key"))
		if err != nil || a.MasterKey(empty)+"\n" != string(gateway) {
			t.Errorf("the master key is not the one in gateway.key: %v", err)
		}
		upstream, err := os.ReadFile(filepath.Join(cfg.Paths.Secrets(), "upstream.key"))
		if key, _ := valueAt(a.Config, "model_list", 0, "litellm_params", "api_key").(string); err != nil ||
			key+"\n" != string(upstream) {
			t.Errorf("the deployment's key is not the one in upstream.key: %v", err)
		}
		if valueAt(a.Config, "model_list", 0, "litellm_params", "api_key_ref") != nil ||
			valueAt(a.Config, "general_settings", "master_key_ref") != nil {
			t.Error("a reference is left, which LiteLLM does not know")
		}
		if got := a.Secrets(empty); len(got) != 2 {
			t.Errorf("%d secrets", len(got))
		}
	}
}

func TestAKeyAndTheReferenceThatStandsForItReplaceEachOther(t *testing.T) {
	t.Parallel()
	base := map[string]any{"general_settings": map[string]any{"master_key_ref": "gateway", "other": 1}, "api_key": "k"}
	overlay := map[string]any{"general_settings": map[string]any{"master_key": "os.environ/K"}, "api_key_ref": "up"}
	want := map[string]any{"general_settings": map[string]any{"master_key": "os.environ/K", "other": 1}, "api_key_ref": "up"}
	if got := policy.Merge(base, overlay); !reflect.DeepEqual(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

func TestMergeMergesMapsAndReplacesTheRestWithoutTouchingItsInputs(t *testing.T) {
	t.Parallel()
	base := map[string]any{
		"m":    map[string]any{"a": 1, "deep": map[string]any{"x": 1, "y": 2}},
		"l":    []any{1, 2},
		"s":    "old",
		"gone": map[string]any{"a": 1},
	}
	overlay := map[string]any{
		"m":    map[string]any{"b": 2, "deep": map[string]any{"y": 3}},
		"l":    []any{3},
		"s":    nil,
		"gone": 7,
		"new":  map[string]any{"z": []any{map[string]any{}}},
	}
	got := policy.Merge(base, overlay)
	want := map[string]any{
		"m":    map[string]any{"a": 1, "b": 2, "deep": map[string]any{"x": 1, "y": 3}},
		"l":    []any{3},
		"s":    nil,
		"gone": 7,
		"new":  map[string]any{"z": []any{map[string]any{}}},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %v", got)
	}
	got["m"].(map[string]any)["deep"].(map[string]any)["x"] = 99
	got["l"].([]any)[0] = 99
	if valueAt(base, "m", "deep", "x") != 1 || valueAt(overlay, "l", 0) != 3 {
		t.Error("the result shares memory with its inputs")
	}
}

func TestAnUnknownProfileNamesTheNearestAndAll(t *testing.T) {
	t.Parallel()
	_, err := policy.Prepare(config.Default(t.TempDir()), "relibility", empty)
	wantFault(t, err, "profile-unknown", `"relibility"`, `did you mean "reliability"?`, "balanced, cost, reliability")
}

func TestVersion3HasNoProfiles(t *testing.T) {
	t.Parallel()
	_, err := policy.Prepare(&config.Config{Version: 3, File: "/x/flowgate.yaml"}, "cost", empty)
	wantFault(t, err, "profiles-not-supported", "/x/flowgate.yaml")
}

func TestSettingsThatLiteLLMIgnoresMoveToWhereTheyWork(t *testing.T) {
	t.Parallel()
	cfg := config.Default(t.TempDir())
	cfg.Profiles["old"] = map[string]any{
		"litellm_settings": map[string]any{"allowed_fails": 4, "cooldown_time": 20},
		"router_settings":  map[string]any{"cooldown_time": 9},
	}
	a := buildActive(t, cfg, "old", empty)
	router := valueAt(a.Config, "router_settings")
	if valueAt(router, "allowed_fails") != 4 || valueAt(router, "cooldown_time") != 9 ||
		valueAt(router, "routing_strategy") != "simple-shuffle" {
		t.Errorf("router_settings %v", router)
	}
	settings, _ := valueAt(a.Config, "litellm_settings").(map[string]any)
	if len(settings) != 1 {
		t.Errorf("litellm_settings %v", settings)
	}
	if len(a.Warnings) != 2 || a.Warnings[0].Code != "setting-moved" || a.Warnings[1].Code != "setting-without-effect" {
		t.Errorf("warnings %v", a.Warnings)
	}
}

func TestIncludedFilesAreThoseBesideTheUsersFile(t *testing.T) {
	t.Parallel()
	cfg := config.Default(t.TempDir())
	cfg.Base["include"] = []any{"more.yaml", "sub/other.yaml", "/etc/models.yaml"}
	got := buildActive(t, cfg, "balanced", empty)
	want := []any{filepath.Join(cfg.Dir, "more.yaml"), filepath.Join(cfg.Dir, "sub/other.yaml"), "/etc/models.yaml"}
	if included := got.Config["include"]; !reflect.DeepEqual(included, want) {
		t.Errorf("%v, not %v", included, want)
	}
	if again := buildActive(t, cfg, "balanced", empty); !reflect.DeepEqual(again.Config["include"], want) ||
		cfg.Base["include"].([]any)[0] != "more.yaml" {
		t.Errorf("building changed the configuration: %v", cfg.Base["include"])
	}
}

func TestDeploymentsGetIDsThatDependOnTheirParametersOnly(t *testing.T) {
	t.Parallel()
	cfg := config.Default(t.TempDir())
	entry := func(model, key string, info map[string]any) map[string]any {
		return map[string]any{
			"model_name":     "g",
			"litellm_params": map[string]any{"model": model, "api_key": key},
			"model_info":     info,
		}
	}
	ids := func(entries ...any) (out []string) {
		cfg.Base["model_list"] = entries
		a := buildActive(t, cfg, "cost", empty)
		for i := range entries {
			id, _ := valueAt(a.Config, "model_list", i, "model_info", "id").(string)
			out = append(out, id)
		}
		return out
	}
	first := ids(
		entry("openai/a", "k1", nil),
		entry("openai/b", "k1", nil),
		entry("openai/a", "k2", nil),
		entry("openai/c", "k", map[string]any{"id": "mine", "mode": "chat"}),
	)
	if first[0] == first[1] || first[2] != first[0]+"-2" || first[3] != "mine" || !strings.HasPrefix(first[0], "g-") ||
		len(first[0]) != 10 {
		t.Errorf("got %v", first)
	}
	if swapped := ids(entry("openai/b", "other", nil),
		entry("openai/a", "k9", map[string]any{})); swapped[0] != first[1] ||
		swapped[1] != first[0] {
		t.Errorf("got %v after %v", swapped, first)
	}
}

func TestTheRouterGetsTheAddressOfCLIProxyAPI(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*config.Config)
		want   any
	}{
		"the service's address": {func(cfg *config.Config) { cfg.Services[0].Port = 9317 }, []any{"http://127.0.0.1:9317"}},
		"as it is written": {func(cfg *config.Config) {
			cfg.Base["general_settings"] = map[string]any{"master_key": "sk-x",
				"flowgate_cliproxyapi_addresses": []any{"http://gpu:1"}}
		}, []any{"http://gpu:1"}},
		"not where LiteLLM routes": {func(cfg *config.Config) { cfg.Services[1].Runtime = config.RuntimeLiteLLM }, nil},
	} {
		cfg := config.Default(t.TempDir())
		c.change(cfg)
		if got := valueAt(buildActive(t, cfg, "cost", empty).Config, "general_settings",
			"flowgate_cliproxyapi_addresses"); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

func TestFlowGatesOwnSettingsOfADeploymentDoNotReachAProvider(t *testing.T) {
	t.Parallel()
	cfg := config.Default(t.TempDir())
	cfg.Base["model_list"] = []any{
		map[string]any{
			"model_name":     "g",
			"litellm_params": map[string]any{"model": "openai/g", "flowgate_cliproxyapi": true},
		},
	}
	entry := valueAt(buildActive(t, cfg, "cost", empty).Config, "model_list", 0)
	if valueAt(entry, "litellm_params", "flowgate_cliproxyapi") != nil ||
		valueAt(entry, "model_info", "flowgate_cliproxyapi") != true {
		t.Errorf("%v", entry)
	}
}
