package deploy_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/deploy"
	"github.com/flowgate-go/flowgate/internal/fault"
)

// head is a configuration without its litellm_base and credentials.
const head = `config_version: 2
paths: {runtime_dir: ../.router/runtime, active_config: ../.router/runtime/a.yaml, state_file: ../.router/runtime/s.json, log_file: ../.router/runtime/e.log}
services:
  litellm: {runtime: embedded, host: 127.0.0.1, port: 4000, env: {PLAIN: value, REF: "${WANTED}", MIXED: "a-${PART}-b"}}
  cliproxyapi_plus: {runtime: echo, host: 127.0.0.1, port: 8317}
profiles: {balanced: {}}
`

// load writes a configuration with further files beside it, and loads it.
func load(t *testing.T, text string, files ...string) *config.Config {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "config")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(files); i += 2 {
		writeFile(t, filepath.Join(dir, files[i]), files[i+1])
	}
	path := filepath.Join(dir, "flowgate.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg, err := config.Load(path, func(string) string { return "" })
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

// read reads the stack of a configuration, which must not fail.
func read(t *testing.T, cfg *config.Config, at deploy.Place) deploy.Stack {
	t.Helper()
	s, err := deploy.Read(cfg, at)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// names returns the names of variables, those that are optional with a question mark.
func names(all []deploy.Variable) string {
	var words []string
	for _, v := range all {
		word := v.Name
		if v.Optional {
			word += "?"
		}
		if v.IsPlain {
			word += "=" + v.Value
		}
		words = append(words, word)
	}
	return strings.Join(words, " ")
}

func TestReferencesStayAndTheUpstreamMoves(t *testing.T) {
	t.Parallel()
	s := read(t, load(t, head+`litellm_base:
  general_settings: {master_key_ref: gateway}
  litellm_settings: {request_timeout: 120}
  model_list:
    - {model_name: a, litellm_params: {model: openai/x, api_base: "http://localhost:8317/v1", api_key_ref: up-1}}
    - {model_name: b, litellm_params: {model: openai/x, api_base: "http://127.0.0.1:11434/v1", api_key_ref: up.1}}
    - {model_name: c, litellm_params: {model: groq/x, timeout: 300}}
    - {model_name: d, litellm_params: {model: openai/x, api_base: "https://llm.example.org/v1", api_key: os.environ/WRITTEN}}
    - {model_name: e, litellm_params: {model: openai/x, api_base: "https://llm.example.org/v1", api_key_ref: env}}
credentials:
  upstream:
    gateway: {file: ../.router/secrets/gateway.key}
    up-1: {file: /elsewhere/up.key}
    up.1: {file: ../up.key}
    env: {env: OF_CREDENTIAL}
`), deploy.Place{Upstream: "cliproxyapi:8317"})
	text := s.Settings[0].Content
	for _, want := range []string{"master_key: os.environ/FLOWGATE_KEY_GATEWAY\n", `api_base: "http://cliproxyapi:8317/v1"`,
		"api_key: os.environ/FLOWGATE_KEY_UP_1\n", "api_key: os.environ/FLOWGATE_KEY_UP_1_2\n", "api_key: os.environ/WRITTEN\n",
		"api_key: os.environ/OF_CREDENTIAL\n", `- "http://cliproxyapi:8317"`, "http://127.0.0.1:11434/v1"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing in\n%s", want, text)
		}
	}
	if strings.Contains(text, "localhost") || strings.Contains(text, t.TempDir()) {
		t.Errorf("an address or a path of this machine is in\n%s", text)
	}
	var keys []string
	for _, k := range s.Keys {
		keys = append(keys, k.Variable+"="+k.File)
	}
	if got := strings.Join(keys, " "); got != "FLOWGATE_KEY_GATEWAY=../.router/secrets/gateway.key "+
		"FLOWGATE_KEY_UP_1=/elsewhere/up.key FLOWGATE_KEY_UP_1_2=../up.key" {
		t.Errorf("keys %s", got)
	}
	got := names(s.Variables)
	for _, want := range []string{"GROQ_API_KEY ", "OF_CREDENTIAL ", "WRITTEN ", "PART ", "WANTED ", "PLAIN=value",
		"MIXED=a-${PART}-b", "REF=${WANTED}"} {
		if !strings.Contains(got+" ", want) {
			t.Errorf("%s is missing in %s", want, got)
		}
	}
	if strings.Contains(got, "LITELLM_MASTER_KEY") || s.Drain != 300*time.Second || s.MasterKey != "FLOWGATE_KEY_GATEWAY" {
		t.Errorf("%s, drain %s, master key %s", got, s.Drain, s.MasterKey)
	}
	if !slices.ContainsFunc(s.Warnings, func(w config.Warning) bool {
		return w.Code == "deploy-address-local" && strings.Contains(w.Message, "127.0.0.1:11434")
	}) {
		t.Errorf("no warning of an address of this machine: %v", s.Warnings)
	}
	if !slices.Contains(s.Addresses, deploy.Address{Host: "llm.example.org", Port: 443}) {
		t.Errorf("addresses %v", s.Addresses)
	}
}

func TestAnAbsentMasterKeyIsTheGatewayKey(t *testing.T) {
	t.Parallel()
	s := read(t, load(t, head+"litellm_base: {model_list: []}\n"), deploy.Place{})
	if s.MasterKey != "FLOWGATE_GATEWAY_KEY" || len(s.Keys) != 1 || s.Keys[0].File != "../.router/secrets/gateway.key" {
		t.Errorf("%s, %+v", s.MasterKey, s.Keys)
	}
	if s.Drain != 600*time.Second {
		t.Errorf("drain %s", s.Drain)
	}
	s = read(t, load(t, head+"litellm_base: {model_list: [], litellm_settings: {request_timeout: 7200}}\n"), deploy.Place{})
	if s.Drain != time.Hour {
		t.Errorf("a router that ends is waited for %s, more than an hour", s.Drain)
	}
}

func TestIncludedFilesComeAlong(t *testing.T) {
	t.Parallel()
	include := "include: [other.yaml]\nmodel_list:\n  - model_name: inner\n    litellm_params: {model: groq/x}\n"
	text := head + "litellm_base: {include: [more.yaml], model_list: []}\n"
	s := read(t, load(t, text, "more.yaml", include, "other.yaml", "include: [more.yaml]\n"), deploy.Place{})
	if got := s.Settings[0].Content; strings.Contains(got, "include") || strings.Count(got, "model_name: inner") != 1 {
		t.Errorf("%s", got)
	}
	if got := names(s.Variables); !strings.Contains(got, "GROQ_API_KEY") {
		t.Errorf("the included deployment's variable is missing: %s", got)
	}
	inline := strings.Replace(include, "groq/x", "groq/x, api_key: gsk_"+strings.Repeat("0a", 20), 1)
	_, err := deploy.Read(load(t, text, "more.yaml", inline, "other.yaml", "{}\n"), deploy.Place{})
	if !fault.HasCode(err, "secret-inline") || !strings.Contains(err.Error(), "an included file: model_list[0].litellm_params.api_key") {
		t.Errorf("a key in an included file: %v", err)
	}
	_, err = deploy.Read(load(t, text), deploy.Place{})
	if err == nil {
		t.Error("an absent file was included")
	}
}

func TestWhatCannotBeDeployedIsRefused(t *testing.T) {
	t.Parallel()
	key := "sk-" + strings.Repeat("0a1b", 10)
	base := "litellm_base: {model_list: []}\n"
	for name, c := range map[string]struct{ text, code, says string }{
		"a key": {head + "litellm_base: {model_list: [{model_name: a, litellm_params: {model: openai/x, api_key: " + key + "}}]}\n",
			"secret-inline", "litellm_base.model_list[0].litellm_params.api_key"},
		"a key of a profile": {strings.Replace(head, "balanced: {}", "balanced: {general_settings: {master_key: "+key+"}}", 1) + base,
			"secret-inline", "profiles.balanced.general_settings.master_key"},
		"a key of a service": {strings.Replace(head, "PLAIN: value", "API_KEY: "+key, 1) + base, "secret-inline",
			"services.litellm.env.API_KEY"},
		"a port": {strings.Replace(head, "port: 4000", "port: 443", 1) + base, "deploy-port", "services.litellm.port is 443"},
		"the upstream's port": {strings.Replace(head, "port: 8317", "port: 1023", 1) + base, "deploy-port",
			"services.cliproxyapi_plus.port"},
		"a command": {strings.Replace(head, "runtime: echo, host", "runtime: command, command: {args: [x]}, host", 1) + base,
			"deploy-unsupported", "cliproxyapi_plus"},
		"a variable": {head + `litellm_base: {model_list: [{model_name: a, litellm_params: {model: openai/x, api_base: "os.environ/A; rm -rf x"}}]}` + "\n",
			"deploy-unsupported", "A; rm"},
		"two of Redis": {head + "litellm_base: {model_list: [], router_settings: {redis_host: cache.example.org}}\n", "deploy-option",
			"name a Redis"},
		"two of Redis, by its address": {head + `litellm_base: {model_list: [], router_settings: {redis_url: "redis://cache.example.org"}}` +
			"\n", "deploy-option", "name a Redis"},
		"two of Redis, in an included file": {head + "litellm_base: {include: [more.yaml], model_list: []}\n", "deploy-option", "name a Redis"},
		"a version 3":                       {"config_version: 3\npaths: {runtime_dir: r, log_file: l}\ncliproxyapi_plus: {config_file: c.yaml}\n", "deploy-unsupported", "version 3"},
	} {
		_, err := deploy.Read(load(t, c.text, "c.yaml", "port: 8317\n", "more.yaml", "router_settings: {redis_host: cache}\n"),
			deploy.Place{MinPort: 1024, Redis: "redis:6379"})
		if !fault.HasCode(err, c.code) || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), key) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := deploy.Read(config.Default(t.TempDir()), deploy.Place{}); !fault.HasCode(err, "config-not-found") {
		t.Errorf("without a configuration: %v", err)
	}
}
