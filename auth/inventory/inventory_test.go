package inventory_test

import (
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/flowgate-go/flowgate/auth/authtest"
	"github.com/flowgate-go/flowgate/auth/inventory"
	"github.com/flowgate-go/flowgate/internal/config"
)

func TestSecretsAreCollectedFromEveryPlace(t *testing.T) {
	t.Parallel()
	s := authtest.NewSite(t)
	// Each value names its place; the places that are not secret have "shown" in theirs.
	s.Put(".router/secrets/gateway.key", "canary-gateway-1\n")
	s.Put(".router/secrets/provider-acme.key", "canary-provider-1\n")
	s.Put(".router/auths/codex-a.json", authtest.Object{
		"type": "codex", "access_token": "canary-access-1", "email": "shown-1@x.y",
		"token": authtest.Object{"refresh": "canary-nested-1", "token_uri": "https://shown-2"}, "cookies": []any{"canary-cookie-1"},
	})
	s.Put("extra.yaml", "client_secret: canary-listed-1\nnote: shown-3-shown\n")
	s.Put("config/cliproxyapi.yaml",
		"api-keys: [canary-server-1]\nremote-management: {secret-key: canary-management}\nhost: shown-4-shown\n"+
			"proxy-url: socks5://proxy:canary-proxypw@host:1\nclaude-api-key: [{headers: {X-Any: canary-own-head}}]\n")
	s.Put("given.key", "canary-given-key\n")
	s.Put("config/flowgate.yaml", `config_version: 2
paths: {active_config: ../.router/runtime/litellm.active.yaml, runtime_dir: ../.router/runtime, state_file: ../.router/runtime/state.json, log_file: ../.router/runtime/events.log}
services:
  cliproxyapi_plus: {runtime: command, port: 1, command: {args: [x]}, env: {PASSWORD: canary-service-1, LOG: shown-5-shown}}
  litellm: {runtime: embedded, port: 2}
credentials: {upstream: {given: {file: ../given.key}, named: {env: NAMED_KEY}}}
secret_files: [../extra.yaml]
litellm_base:
  model_list:
    - model_name: m
      litellm_params:
        model: openai/shown-6-shown
        api_base: https://canary-user-12:canary-password@host/v1?sig=canary-query-1
        api_key: os.environ/REFERRED
        vertex_credentials: '{"private_key":"canary-in-json","client_email":"shown-7-shown"}'
        extra_headers: {X-Auth: Bearer canary-header-1}
profiles: {reliability: {litellm_settings: {slack_webhook: https://host/canary-webhook}}}
`)
	variables := map[string]string{"REFERRED": "canary-referred", "NAMED_KEY": "canary-named-1",
		"OPENAI_API_KEY": "canary-openai-1", "EDITOR": "shown-8-shown", "HOME": s.Dir}
	getenv := func(name string) string { return variables[name] }
	cfg, err := config.Load(filepath.Join(s.Dir, "config/flowgate.yaml"), getenv)
	if err != nil {
		t.Fatal(err)
	}
	got := inventory.Secrets(cfg, getenv)
	for _, want := range strings.Fields("canary-gateway-1 canary-provider-1 canary-access-1 canary-nested-1 " +
		"canary-cookie-1 canary-listed-1 canary-server-1 canary-management canary-given-key " +
		"canary-proxypw canary-own-head canary-service-1 canary-user-12 canary-password canary-query-1 canary-in-json " +
		"canary-header-1 https://host/canary-webhook canary-referred canary-named-1 canary-openai-1") {
		if !slices.Contains(got, want) {
			t.Errorf("%s is not known", want)
		}
	}
	for _, value := range got {
		if strings.Contains(value, "shown-") && !strings.Contains(value, "canary") {
			t.Errorf("%s is not secret", value)
		}
	}
	if !slices.IsSorted(got) || len(slices.Compact(slices.Clone(got))) != len(got) {
		t.Errorf("not sorted, or twice: %q", got)
	}
}

func TestAKeyInTheConfigurationItselfIsSeen(t *testing.T) {
	t.Parallel()
	base := func(params map[string]any) *config.Config {
		return &config.Config{Base: map[string]any{"model_list": []any{map[string]any{"litellm_params": params}}}}
	}
	for name, c := range map[string]*config.Config{
		"api_key": base(authtest.Object{"api_key": "hunter-two"}), "look": base(authtest.Object{"model": "sk-ant-REDACTED"}),
		"header":   base(authtest.Object{"extra_headers": authtest.Object{"X-Any": "a1b2c3d4e5f6a7b8c9d0"}}),
		"password": base(authtest.Object{"api_base": "https://u:pw@host/"}),
		"query":    base(authtest.Object{"api_base": "https://host/?sig=a1b2c3d4e5f6a7b8c9d0"}),
		"webhook":  base(authtest.Object{"slack_webhook": []any{"https://host/x"}}),
		"in JSON":  base(authtest.Object{"vertex_credentials": `{"private_key":"a1b2c3d4e5f6a7b8c9d0"}`}),
		"profile":  {Profiles: map[string]map[string]any{"p": {"general_settings": authtest.Object{"master_key": "hunter-two"}}}},
		"provider": {Providers: map[string]map[string]any{"p": {"client_secret": "hunter-two"}}},
		"service":  {Services: []config.Service{{Env: map[string]string{"ANY": "a1b2c3d4e5f6a7b8c9d0"}}}},
	} {
		if !inventory.HasWrittenSecret(c) {
			t.Errorf("%s: not seen", name)
		}
	}
	for name, c := range map[string]*config.Config{
		"none": {}, "reference": base(authtest.Object{"api_key": "os.environ/KEY", "master_key": "${KEY}"}),
		"header":  base(authtest.Object{"extra_headers": authtest.Object{"X-Team": "platform-team"}}),
		"version": base(authtest.Object{"api_base": "https://host/?api-version=2024-02-01"}),
		"service": {Services: []config.Service{{Env: map[string]string{"LOG": "information",
			"HOME": "/home/alice/somewhere"}}}},
		"numbers": base(authtest.Object{"max_tokens": 4096, "rpm": "100"}),
	} {
		if inventory.HasWrittenSecret(c) {
			t.Errorf("%s: taken for a secret", name)
		}
	}
	if c := config.Default(t.TempDir()); inventory.HasWrittenSecret(c) {
		t.Errorf("the default: %v", slices.Collect(maps.Keys(c.Base)))
	}
}
