package try

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/goccy/go-yaml"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/keyfile"
	"github.com/flowgate-go/flowgate/internal/nesting"
	"github.com/flowgate-go/flowgate/internal/policy"
	"github.com/flowgate-go/flowgate/internal/safefile"
	"github.com/flowgate-go/flowgate/internal/tcp"
	"github.com/flowgate-go/flowgate/supervisor/stack/change"
)

// copyStack returns a copy of the user's stack below dir, on free ports, that knows no
// credential: all models lead to the echo upstream.
func copyStack(o change.Options, cfg *config.Config, runtime, dir string) (*config.Config, endpoint, error) {
	ports, err := tcp.FreePorts(2)
	if err != nil {
		return nil, endpoint{}, err
	}
	private := *cfg
	runtimeDir := filepath.Join(dir, ".router", "runtime")
	private.Dir = dir // its supervisor finds the built-in default's paths from there
	private.File, private.Credentials, private.SecretFiles, private.Providers = "", nil, nil, nil
	private.Paths = config.Paths{
		RuntimeDir:   runtimeDir,
		ActiveConfig: filepath.Join(runtimeDir, "litellm.active.yaml"),
		StateFile:    filepath.Join(runtimeDir, "state.json"),
		LogFile:      filepath.Join(runtimeDir, "events.log"),
	}
	if runtime == config.RuntimeCLIProxyAPI {
		target, err := copyProxy(cfg, &private, dir, ports[0])
		return &private, target, err
	}
	target, err := copyRouter(o, cfg, &private, runtime, ports)
	return &private, target, err
}

// copyRouter adds the router and the echo upstream to the copy.
func copyRouter(o change.Options, cfg, private *config.Config, runtime string, ports []int) (endpoint, error) {
	private.Services = listEchoServices(cfg, runtime, ports)
	echo := private.Services[0].URL()
	upstream := filepath.Join(private.Paths.Secrets(), "upstream.key")
	key, _, err := keyfile.Ensure(upstream)
	if err != nil {
		return endpoint{}, fault.New("temp-dir-unwritable", "make a key for the probe: %w", err)
	}
	profile := policy.CurrentOrDefault(cfg)
	private.Base = detach(cfg.Base, echo, key)
	private.Profiles = map[string]map[string]any{}
	for name, overlay := range cfg.Profiles {
		private.Profiles[name] = detach(overlay, echo, key)
	}
	if len(private.Profiles) == 0 { // version 3 has no router of its own
		profile, private.Profiles = "balanced", map[string]map[string]any{"balanced": {}}
	}
	private.Version = config.CurrentVersion
	active, err := policy.Prepare(private, profile, o.Getenv)
	if err != nil {
		return endpoint{}, err
	}
	addProbeModel(active.Config, echo, key)
	if _, err := policy.Write(private, active, time.Now()); err != nil {
		return endpoint{}, err
	}
	return endpoint{url: private.Services[1].URL(), key: active.MasterKey(o.Getenv)}, nil
}

// listEchoServices returns the echo upstream and the router with the runtime, which runs
// with the environment of the user's own router.
func listEchoServices(cfg *config.Config, runtime string, ports []int) []config.Service {
	router := config.Service{
		Name:          config.LiteLLM,
		Host:          "127.0.0.1",
		Port:          ports[0],
		Runtime:       runtime,
		ReadinessPath: "/health/readiness",
		DependsOn:     []string{config.CLIProxy},
		Restart:       config.Restart{Policy: "never"},
	}
	if svc, ok := cfg.Service(config.LiteLLM); ok {
		router.Env = svc.Env
	}
	return []config.Service{
		{
			Name:          config.CLIProxy,
			Host:          "127.0.0.1",
			Port:          ports[1],
			Runtime:       config.RuntimeEcho,
			ReadinessPath: "/healthz",
			Restart:       config.Restart{Policy: "never"},
		},
		router,
	}
}

// addProbeModel adds to the router's configuration the deployment that the probes ask for.
// It leads to the echo upstream.
func addProbeModel(settings map[string]any, echo, key string) {
	list, _ := settings["model_list"].([]any)
	settings["model_list"] = append(
		list,
		map[string]any{"model_name": "flowgate-probe", "litellm_params": map[string]any{
			"model":    "openai/flowgate-probe",
			"api_base": echo + "/v1",
			"api_key":  key,
		}, "model_info": map[string]any{"id": "flowgate-probe"}},
	)
}

// detach returns a part of LiteLLM's configuration without anything that leads to the
// network: it replaces keys, points base URLs to the echo upstream, and leaves data
// stores, caches and callbacks out.
func detach(fragment map[string]any, echo, key string) map[string]any {
	out := policy.Merge(fragment, nil)
	for _, section := range []string{"general_settings", "litellm_settings", "router_settings"} {
		settings, ok := out[section].(map[string]any)
		if !ok {
			continue
		}
		for name := range settings {
			if strings.HasSuffix(name, "_ref") || strings.Contains(name, "database") || strings.Contains(name, "redis") ||
				strings.Contains(name, "callback") || strings.Contains(name, "cache") || name == "master_key" {
				delete(settings, name)
			}
		}
	}
	delete(out, "environment_variables")
	list, _ := out["model_list"].([]any)
	for _, entry := range list {
		deployment, _ := entry.(map[string]any)
		params, ok := deployment["litellm_params"].(map[string]any)
		if !ok {
			continue
		}
		for name := range params {
			if name == "api_key" || strings.HasSuffix(name, "_ref") {
				delete(params, name)
			}
		}
		params["api_key"], params["api_base"] = key, echo+"/v1"
	}
	return out
}

// copyProxy adds CLIProxyAPI to the copy: with the user's own configuration on another
// port, an empty folder of credentials and keys of its own.
func copyProxy(cfg, private *config.Config, dir string, port int) (endpoint, error) {
	settings, err := readProxySettings(cfg.CLIProxyConfigFile)
	if err != nil {
		return endpoint{}, err
	}
	target := endpoint{url: fmt.Sprintf("http://127.0.0.1:%d", port), key: keyfile.New(), management: keyfile.New()}
	auths := filepath.Join(dir, "auths")
	settings["host"], settings["port"], settings["auth-dir"] = "127.0.0.1", port, auths
	settings["api-keys"] = []string{target.key}
	settings["remote-management"] = map[string]any{
		"allow-remote":          false,
		"secret-key":            target.management,
		"disable-control-panel": true,
	}
	text, err := yaml.Marshal(settings)
	if err == nil {
		err = os.MkdirAll(auths, 0o700)
	}
	file := filepath.Join(dir, "cliproxyapi.yaml")
	if err == nil {
		err = os.WriteFile(file, text, 0o600)
	}
	if err != nil {
		return endpoint{}, fault.New("temp-dir-unwritable", "write the copy of the configuration: %w", err)
	}
	private.CLIProxyConfigFile = file
	private.Base, private.Profiles, private.Version = nil, nil, 3
	private.Services = []config.Service{
		{
			Name:          config.CLIProxy,
			Host:          "127.0.0.1",
			Port:          port,
			Runtime:       config.RuntimeCLIProxyAPI,
			ReadinessPath: "/",
			Cwd:           dir,
			Restart:       config.Restart{Policy: "never"},
		},
	}
	return target, nil
}

// readProxySettings reads CLIProxyAPI's configuration file, if there is one, without the
// entries that hold keys or lead to other servers. Fault: cliproxy-config-missing.
func readProxySettings(file string) (map[string]any, error) {
	settings := map[string]any{}
	if file == "" {
		return settings, nil
	}
	text, err := safefile.Read(file, safefile.DocumentLimit)
	if err == nil {
		err = nesting.CheckLongYAML(text)
	}
	if err == nil {
		err = yaml.Unmarshal(text, &settings)
	}
	if err != nil {
		return nil, fault.Usage("cliproxy-config-missing", "read %s: %w", file, err).WithHint("mage init writes one")
	}
	for name := range settings {
		if strings.HasSuffix(name, "-api-key") || name == "openai-compatibility" || name == "ampcode" || name == "proxy-url" {
			delete(settings, name)
		}
	}
	return settings, nil
}
