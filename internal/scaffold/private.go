package scaffold

import (
	"errors"
	"fmt"
	"path/filepath"

	"github.com/flowgate-go/flowgate/internal/config"
)

// Names in the configuration that WritePrivate writes.
const (
	SmokeGroup = "smoke-fallback"        // its only deployment fails, so an answer shows that the fallback works
	smokeModel = "openai/fail-503-smoke" // the echo upstream answers 503 to models named so
)

// WritePrivate writes the configuration of a separate stack with new keys under dir, which
// must exist, and returns it loaded. It writes what init writes, with the
// given ports, and adds the group SmokeGroup with a fallback to router-cheap in
// every profile. runtime is config.RuntimeEmbedded or config.RuntimeLiteLLM.
// All files are under dir. Faults: runtime-unknown, init-failed, those of config.Load.
func WritePrivate(dir string, routerPort, upstreamPort int, runtime string) (*config.Config, error) {
	o, err := Options{Dir: dir, Runtime: runtime, RouterPort: routerPort, UpstreamPort: upstreamPort}.withDefaults()
	if err != nil {
		return nil, err
	}
	w := &writer{dir: o.Dir}
	for _, name := range folders {
		w.makeFolder(name, 0o700)
	}
	for _, name := range [...]string{"gateway.key", "upstream.key", "management.key"} {
		w.ensureKey(name)
	}
	w.makeFolder("config", 0o700)
	w.createFile(File, []byte(o.flowgateYAML(o.smokeDeployment(), "        - "+SmokeGroup+": [router-cheap]\n")), 0o600)
	if w.err != nil {
		return nil, errors.Join(initFault(w.err), w.undo())
	}
	return config.Load(filepath.Join(o.Dir, "config", "flowgate.yaml"), func(string) string { return "" })
}

// smokeDeployment returns the deployment of SmokeGroup. It has no retries, so that its first
// failure leads to the fallback.
func (o Options) smokeDeployment() string {
	return fmt.Sprintf(`    - model_name: %s
      litellm_params:
        model: %s
        api_base: http://127.0.0.1:%d/v1
        api_key_ref: upstream
        num_retries: 0
`, SmokeGroup, smokeModel, o.UpstreamPort)
}
