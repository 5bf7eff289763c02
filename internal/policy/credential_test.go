package policy_test

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/policy"
)

// withCredential returns a configuration whose only deployment uses c.
func withCredential(t *testing.T, c config.Credential) *config.Config {
	t.Helper()
	cfg := config.Default(t.TempDir())
	cfg.File = filepath.Join(cfg.Dir, "flowgate.yaml")
	cfg.Credentials["cheap"] = c
	cfg.Base["model_list"] = []any{
		map[string]any{"model_name": "g", "litellm_params": map[string]any{"model": "openai/g", "api_key_ref": "cheap"}},
	}
	return cfg
}

func TestAKeyFileIsReadTrimmed(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "k")
	if err := os.WriteFile(file, []byte("sk-from-file\n\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	a := buildActive(t, withCredential(t, config.Credential{File: file}), "cost", empty)
	if got := valueAt(a.Config, "model_list", 0, "litellm_params", "api_key"); got != "sk-from-file" {
		t.Errorf("got %v", got)
	}
	if len(a.Warnings) != 1 || a.Warnings[0].Code != "credential-readable" ||
		!strings.Contains(a.Warnings[0].Message, file) {
		t.Errorf("warnings %v", a.Warnings)
	}
}

func TestAKeyFromTheEnvironmentStaysAReference(t *testing.T) {
	t.Parallel()
	cfg := withCredential(t, config.Credential{Env: "CHEAP_KEY"})
	a := buildActive(t, cfg, "cost", env("CHEAP_KEY", "sk-canary-value"))
	out, err := a.YAML()
	if err != nil || strings.Contains(string(out), "canary") ||
		!strings.Contains(string(out), "api_key: os.environ/CHEAP_KEY\n") {
		t.Errorf("%v\n%s", err, out)
	}
	if got := a.EnvReferences(); !reflect.DeepEqual(got, []string{"CHEAP_KEY"}) {
		t.Errorf("references %v", got)
	}
	if got := a.Secrets(env("CHEAP_KEY", "sk-canary-value")); !reflect.DeepEqual(got[0], "sk-canary-value") &&
		!reflect.DeepEqual(got[1], "sk-canary-value") {
		t.Error("the variable's value is not among the secrets")
	}
}

func TestCredentialsThatCannotBeUsedNameReferenceFileAndRemedy(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, text := range map[string]string{"empty": " \n", "lines": "sk-canary-a\nsk-canary-b\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		credential config.Credential
		code, part string
	}{
		{config.Credential{File: filepath.Join(dir, "none")}, "credential-missing", filepath.Join(dir, "none")},
		{config.Credential{File: filepath.Join(dir, "empty")}, "credential-missing", "the file is empty"},
		{config.Credential{File: filepath.Join(dir, "lines")}, "credential-invalid", "more than one line"},
		{config.Credential{File: dir}, "credential-invalid", "is a directory"},
		{config.Credential{Env: "CHEAP_KEY"}, "credential-missing", "export CHEAP_KEY="},
	} {
		_, err := policy.Prepare(withCredential(t, c.credential), "cost", empty)
		wantFault(t, err, c.code, c.part, `"cheap"`, "model_list[0].litellm_params.api_key_ref")
		if strings.Contains(err.Error(), "canary") {
			t.Errorf("the key is in %v", err)
		}
	}
}

func TestTheRealUpstreamsKeyIsNeverMadeUp(t *testing.T) {
	t.Parallel()
	cfg := config.Default(t.TempDir())
	cfg.Services[0].Runtime = config.RuntimeCLIProxyAPI
	_, err := policy.Prepare(cfg, "cost", empty)
	wantFault(t, err, "credential-missing", "upstream.key")
}

func TestTheMasterKeyComesFromTheFileTheEnvironmentOrIsMade(t *testing.T) {
	t.Parallel()
	cfg := config.Default(t.TempDir())
	cfg.Base["general_settings"] = map[string]any{"master_key": "sk-own-key"}
	if got := buildActive(t, cfg, "cost", env("LITELLM_MASTER_KEY", "sk-env")).MasterKey(empty); got != "sk-own-key" {
		t.Errorf("got %q", got)
	}
	cfg.Base["general_settings"] = nil
	a := buildActive(t, cfg, "cost", env("LITELLM_MASTER_KEY", "sk-env"))
	if got := valueAt(a.Config, "general_settings", "master_key"); got != "os.environ/LITELLM_MASTER_KEY" ||
		a.MasterKey(env("LITELLM_MASTER_KEY", "sk-env")) != "sk-env" {
		t.Errorf("got %v", got)
	}
	if _, err := os.Stat(filepath.Join(cfg.Paths.Secrets(), "gateway.key")); err == nil {
		t.Error("a key was made though one is set")
	}
	delete(cfg.Base, "general_settings")
	made := buildActive(t, cfg, "cost", empty).MasterKey(empty)
	if len(made) != 51 || made != buildActive(t, cfg, "balanced", empty).MasterKey(empty) {
		t.Error("no lasting key was made")
	}
}

func TestDollarReferencesBecomeLiteLLMsOwn(t *testing.T) {
	t.Parallel()
	cfg := config.Default(t.TempDir())
	cfg.Base["litellm_settings"] = map[string]any{"a": "${SOME_NAME}", "b": "costs ${5}", "c": []any{"${OTHER}"}}
	a := buildActive(t, cfg, "cost", empty)
	if valueAt(a.Config, "litellm_settings", "a") != "os.environ/SOME_NAME" ||
		valueAt(a.Config, "litellm_settings", "b") != "costs ${5}" {
		t.Errorf("got %v", a.Config["litellm_settings"])
	}
	if got := a.EnvReferences(); !reflect.DeepEqual(got, []string{"OTHER", "SOME_NAME"}) {
		t.Errorf("references %v", got)
	}
}
