package config

import (
	"fmt"
	"path/filepath"

	"github.com/flowgate-go/flowgate/internal/config/schema"
)

// Default ports of the two services: LiteLLM's own default, and CLIProxyAPI's.
const (
	DefaultRouterPort   = 4000
	DefaultUpstreamPort = 8317
)

// Default returns the configuration that holds when no file exists: the
// embedded router on port 4000 in front of the echo upstream on 8317, all files
// under .router/ in dir, three profiles. `mage init` writes the same as a file.
func Default(dir string) *Config {
	if abs, err := filepath.Abs(dir); err == nil {
		dir = abs
	}
	runtime := filepath.Join(dir, ".router", "runtime")
	paths := Paths{
		RuntimeDir:   runtime,
		ActiveConfig: filepath.Join(runtime, "litellm.active.yaml"),
		StateFile:    filepath.Join(runtime, "state.json"),
		LogFile:      filepath.Join(runtime, "events.log"),
	}
	restart, unready := defaultRestart(), Span(unreadyRestart)
	return &Config{
		Dir: dir, Version: CurrentVersion, Paths: paths,
		Services: []Service{
			{Name: CLIProxy, Host: "127.0.0.1", Port: DefaultUpstreamPort, Runtime: RuntimeEcho, ReadinessPath: "/healthz",
				Restart: restart, UnreadyRestart: unready},
			{Name: LiteLLM, Host: "127.0.0.1", Port: DefaultRouterPort, Runtime: RuntimeEmbedded,
				ReadinessPath: "/health/readiness", DependsOn: []string{CLIProxy}, Restart: restart, UnreadyRestart: unready},
		},
		Base: map[string]any{
			"general_settings": map[string]any{"master_key_ref": "gateway"},
			"litellm_settings": map[string]any{"request_timeout": 600},
			"router_settings":  map[string]any{"routing_strategy": "simple-shuffle"},
			"model_list":       []any{defaultDeployment("router-default"), defaultDeployment("router-cheap")},
		},
		Profiles: map[string]map[string]any{
			"reliability": defaultProfile(3, 1, 60, "router-default", "router-cheap"),
			"balanced":    defaultProfile(2, 2, 30, "router-default", "router-cheap"),
			"cost":        cheapestFirst(defaultProfile(1, 3, 10, "router-cheap", "router-default")),
		},
		Credentials: map[string]Credential{
			"gateway":  {File: filepath.Join(paths.Secrets(), "gateway.key")},
			"upstream": {File: filepath.Join(paths.Secrets(), "upstream.key")},
		},
		Integration: Integration{DefaultModel: "router-default", FastModel: "router-cheap"},
		Usage:       resolveUsage(schema.UsageDocument{}),
	}
}

// defaultDeployment returns an entry of model_list: a model of the upstream on this machine.
func defaultDeployment(group string) map[string]any {
	return map[string]any{"model_name": group, "litellm_params": map[string]any{
		"model": "openai/" + group, "api_base": fmt.Sprintf("http://127.0.0.1:%d/v1", DefaultUpstreamPort),
		"api_key_ref": "upstream",
	}}
}

// defaultProfile returns a profile: the number of retries, the failures before a cooldown,
// the cooldown in seconds, and the group to that requests for the group from fall back.
func defaultProfile(retries, fails, cooldown int, from, to string) map[string]any {
	return map[string]any{
		"litellm_settings": map[string]any{"num_retries": retries, "fallbacks": []any{map[string]any{from: []any{to}}}},
		"router_settings":  map[string]any{"allowed_fails": fails, "cooldown_time": cooldown},
	}
}

// cheapestFirst returns the profile with the routing strategy that asks the cheapest deployment
// of a group first.
func cheapestFirst(profile map[string]any) map[string]any {
	profile["router_settings"].(map[string]any)["routing_strategy"] = "cost-based-routing"
	return profile
}
