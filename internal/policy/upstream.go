package policy

import (
	"strings"

	"github.com/flowgate-go/flowgate/internal/config"
)

// addressesKey is the setting that tells the embedded router the addresses of CLIProxyAPI.
const addressesKey = "flowgate_cliproxyapi_addresses"

// addCLIProxyAddress adds the address of the supervised CLIProxyAPI for the embedded router,
// unless the configuration has addresses: this upstream gets the clients' own headers.
func (b *builder) addCLIProxyAddress() {
	router, _ := b.cfg.Service(config.LiteLLM)
	upstream, ok := b.cfg.Service(config.CLIProxy)
	general, _ := b.active.Config["general_settings"].(map[string]any)
	if !ok || router.Runtime != config.RuntimeEmbedded || general[addressesKey] != nil {
		return
	}
	general[addressesKey] = []any{upstream.URL()}
}

// moveOwnSettings moves FlowGate's own settings of a deployment to model_info, since
// LiteLLM sends each litellm_params key that it does not know to the upstream.
func (b *builder) moveOwnSettings() {
	list, _ := b.active.Config["model_list"].([]any)
	for _, entry := range list {
		deployment, _ := entry.(map[string]any)
		params, _ := deployment["litellm_params"].(map[string]any)
		for key, value := range params {
			if !strings.HasPrefix(key, "flowgate_") {
				continue
			}
			delete(params, key)
			if modelInfo(entry) == nil {
				deployment["model_info"] = map[string]any{}
			}
			modelInfo(entry)[key] = value
		}
	}
}
