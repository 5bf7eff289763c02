package scaffold

import (
	"errors"
	"fmt"
	"path/filepath"

	"github.com/flowgate-go/flowgate/internal/config"
)

// Names in the configuration that WritePrivate writes.
const (
	SmokeGroup = "smoke-fallback"        // its only deployment fails, so an answer shows that the fallback was taken
	smokeModel = "openai/fail-503-smoke" // the echo upstream answers 503 to models named so
)

// WritePrivate writes the configuration of a stack of its own under dir, which must
// exist, with keys of its own, and returns it loaded: what init writes, on the
// given ports, plus the group SmokeGroup with a fallback to router-cheap in
// every profile. runtime is config.RuntimeEmbedded or config.RuntimeLiteLLM.
// Removing dir removes all of it.
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

// smokeDeployment returns one more entry of model_list; it is not retried, so that
// the fallback is what is seen.
func (o Options) smokeDeployment() string {
	return fmt.Sprintf(`    - model_name: %s
      litellm_params:
        model: %s
        api_base: http://127.0.0.1:%d/v1
        api_key_ref: upstream
        num_retries: 0
`, SmokeGroup, smokeModel, o.UpstreamPort)
}
