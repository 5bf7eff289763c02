package extract_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/config/extract"
	"github.com/flowgate-go/flowgate/internal/deploy"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/policy"
	"github.com/flowgate-go/flowgate/internal/rightstest"
	"github.com/flowgate-go/flowgate/internal/secret/redact"
)

// The keys of the configuration below.
var (
	masterKey = "sk-" + strings.Repeat("0a1b", 10)
	groqKey   = "gsk_" + strings.Repeat("2c3d", 6)
	costKey   = "sk-" + strings.Repeat("4e5f", 10)
)

// written is a configuration with keys that are written out.
var written = `# the team's
config_version: 2
paths: {runtime_dir: ../.router/runtime, active_config: ../.router/a.yaml, state_file: ../.router/s.json, log_file: ../.router/l.log}
services:
  litellm: {runtime: embedded, port: 4000}
  cliproxyapi_plus: {runtime: echo, port: 8317, env: {PLAIN: value}}
litellm_base:
  model_list:
    - model_name: a   # the first
      litellm_params: {model: groq/x, api_key: "` + groqKey + `"} # of the team
    - model_name: b
      litellm_params:
        model: openai/x
        api_base: http://127.0.0.1:8317/v1
        api_key: ` + costKey + `
    - {model_name: c, litellm_params: {model: groq/y, api_key: '` + groqKey + `'}}
  general_settings:
    master_key: ` + masterKey + `
profiles:
  balanced: {}
  cost: {general_settings: {master_key: ` + costKey + `}}
`

// moved is what written becomes, without the entries of credentials.upstream.
var moved = strings.NewReplacer(`api_key: "`+groqKey+`"`, `api_key_ref: "groq"`, "api_key: "+costKey,
	"api_key_ref: openai", `api_key: '`+groqKey+`'`, "api_key_ref: 'groq'", "master_key: "+masterKey,
	"master_key_ref: gateway", "master_key: "+costKey, "master_key_ref: openai").Replace(written)

func unset(string) string { return "" }

// write writes a configuration into an installation of its own.
func write(t *testing.T, text string) (file string) {
	t.Helper()
	file = filepath.Join(t.TempDir(), "config", "flowgate.yaml")
	if err := os.Mkdir(filepath.Dir(file), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o640); err != nil {
		t.Fatal(err)
	}
	return file
}

// content returns the text of a file.
func content(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// names returns the names in a folder, none for a folder that is not there.
func names(dir string) (all []string) {
	entries, _ := os.ReadDir(dir)
	for _, e := range entries {
		all = append(all, e.Name())
	}
	return all
}

// settings returns the router's settings for a profile, with the keys in them.
func settings(t *testing.T, file, profile string) string {
	t.Helper()
	cfg, err := config.Load(file, unset)
	if err != nil {
		t.Fatal(err)
	}
	active, err := policy.Build(cfg, profile, unset)
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(active.Config)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestKeysGetFilesOfTheirOwnAndTheRouterHasTheSameSettings(t *testing.T) {
	t.Parallel()
	file := write(t, written)
	before := [2]string{settings(t, file, "balanced"), settings(t, file, "cost")}
	r, err := extract.Keys(file, false, unset)
	if err != nil || !r.Changed || len(r.Keys) != 5 || len(r.Left) > 0 {
		t.Fatalf("%+v %v", r, err)
	}
	text, _, _ := strings.Cut(content(t, file), "credentials:\n")
	if text != moved {
		t.Errorf("%s\nnot\n%s", text, moved)
	}
	if after := [2]string{settings(t, file, "balanced"), settings(t, file, "cost")}; after != before {
		t.Errorf("the settings are %s, were %s", after, before)
	}
	secrets := filepath.Join(filepath.Dir(file), "../.router/secrets")
	for name, key := range map[string]string{"gateway": masterKey, "groq": groqKey, "openai": costKey} {
		info, err := os.Stat(filepath.Join(secrets, name+".key"))
		if err != nil || info.Mode().Perm() != 0o600 || content(t, filepath.Join(secrets, name+".key")) != key+"\n" {
			t.Errorf("%s: %v %v", name, info, err)
		}
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o640 {
		t.Errorf("the configuration's mode: %v %v", info, err)
	}
	if left := names(filepath.Dir(file)); !slices.Equal(left, []string{"flowgate.yaml"}) {
		t.Errorf("a copy with the keys stays: %v", left)
	}
	again, err := extract.Keys(file, false, unset)
	if err != nil || again.Changed || len(again.Keys) > 0 {
		t.Errorf("once more: %+v %v", again, err)
	}
}

func TestWhatWasMovedIsRefusedByNoDeploymentAndFoundByNoCheck(t *testing.T) {
	t.Parallel()
	file := write(t, written)
	if _, err := extract.Keys(file, false, unset); err != nil {
		t.Fatal(err)
	}
	cfg, err := config.Load(file, unset)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := deploy.Read(cfg, deploy.Place{}); err != nil {
		t.Error(err)
	}
	redact.FindWritten(cfg.Base, "litellm_base", func(at string) { t.Errorf("%s is still written out", at) })
}

func TestADryRunNamesPlacesAndWritesNothing(t *testing.T) {
	t.Parallel()
	file := write(t, written)
	r, err := extract.Keys(file, true, unset)
	if err != nil || !r.Changed || len(r.Keys) != 5 {
		t.Fatalf("%+v %v", r, err)
	}
	first := r.Keys[0]
	if first.Path != "litellm_base.model_list[0].litellm_params.api_key" || first.Credential != "groq" ||
		!strings.HasSuffix(first.File, "/.router/secrets/groq.key") {
		t.Errorf("%+v", first)
	}
	shown, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{masterKey, groqKey, costKey} {
		if strings.Contains(string(shown), key) {
			t.Errorf("a key is shown: %s", shown)
		}
	}
	root := filepath.Dir(filepath.Dir(file))
	if content(t, file) != written || !slices.Equal(names(root), []string{"config"}) {
		t.Errorf("something was written: %v", names(root))
	}
}

func TestAKeyThatTheInstallationHasAlreadyGetsNoSecondFile(t *testing.T) {
	t.Parallel()
	file := write(t, written+"credentials:\n  upstream:\n    gateway: {file: ../.router/secrets/gateway.key}\n"+
		"    team: {file: ../.router/secrets/team.key}\n")
	secrets := filepath.Join(filepath.Dir(file), "../.router/secrets")
	if err := os.MkdirAll(secrets, 0o700); err != nil {
		t.Fatal(err)
	}
	for name, key := range map[string]string{"gateway": "sk-another", "team": groqKey, "openai": "sk-of-somebody"} {
		if err := os.WriteFile(filepath.Join(secrets, name+".key"), []byte(key+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	r, err := extract.Keys(file, false, unset)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, k := range r.Keys {
		got = append(got, k.Credential)
	}
	if want := []string{"team", "openai-2", "team", "master-key", "openai-2"}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	if content(t, filepath.Join(secrets, "gateway.key")) != "sk-another\n" ||
		content(t, filepath.Join(secrets, "openai.key")) != "sk-of-somebody\n" {
		t.Error("a key was replaced")
	}
	if !strings.Contains(settings(t, file, "balanced"), masterKey) {
		t.Error("the master key is another one")
	}
}

func TestKeysThatCannotBeMovedAreNamedAndTheOthersAreMoved(t *testing.T) {
	t.Parallel()
	text := strings.NewReplacer("PLAIN: value", "PLAIN: value, TOKEN: "+costKey+", OTHER_TOKEN: '${X}'",
		`"`+groqKey+`"`, "\"one\\ntwo\"").Replace(written)
	file := write(t, text)
	r, err := extract.Keys(file, false, unset)
	if !fault.HasCode(err, "secret-unmovable") || strings.Contains(err.Error(), costKey) || !r.Changed {
		t.Fatalf("%+v %v", r, err)
	}
	var left []string
	for _, l := range r.Left {
		left = append(left, l.Path)
	}
	if want := []string{"litellm_base.model_list[0].litellm_params.api_key",
		"services.cliproxyapi_plus.env.TOKEN"}; !slices.Equal(left, want) {
		t.Errorf("%v, want %v", left, want)
	}
	after := content(t, file)
	if strings.Contains(after, masterKey) || !strings.Contains(after, `api_key: "one\ntwo"`) || strings.Count(after, costKey) != 1 {
		t.Error(after)
	}
}

func TestWhatCannotBeDoneLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	if !rightstest.Ordinary(t) {
		return
	}
	anchored := strings.NewReplacer("litellm_params: {model: groq/x", "litellm_params: &up {model: groq/x",
		"{model: groq/y, api_key: '"+groqKey+"'}", "{<<: *up, api_key: os.environ/K}").Replace(written)
	for name, c := range map[string]struct {
		text, readOnly string // the file or folder that cannot be written, from the installation's folder
		code           string
	}{
		"the configuration is read-only":          {written, "config/flowgate.yaml", "extract-unsafe"},
		"the folder of keys is read-only":         {written, ".router/secrets", "write-failed"},
		"the configuration's folder is read-only": {written, "config", "write-failed"},
		"a deployment would have two keys":        {anchored, "", "extract-unsafe"},
	} {
		file := write(t, c.text)
		root := filepath.Dir(filepath.Dir(file))
		if err := os.MkdirAll(filepath.Join(root, ".router/secrets"), 0o700); err != nil {
			t.Fatal(err)
		}
		if c.readOnly != "" {
			chmod(t, filepath.Join(root, c.readOnly), 0o500)
		}
		if r, err := extract.Keys(file, false, unset); !fault.HasCode(err, c.code) || r.Changed {
			t.Errorf("%s: %+v %v, want %s", name, r, err, c.code)
		}
		if left := names(filepath.Join(root, ".router/secrets")); content(t, file) != c.text || len(left) > 0 {
			t.Errorf("%s: left behind: %v", name, left)
		}
	}
}

// chmod sets the mode of a file or folder until the test ends.
func chmod(t *testing.T, path string, mode os.FileMode) {
	t.Helper()
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Chmod(path, 0o700) })
}
