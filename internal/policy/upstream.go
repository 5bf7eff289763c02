package policy

import (
	"cmp"
	"net/url"
	"strings"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/hostname"
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
	general[addressesKey] = []any{"http://" + cmp.Or(b.upstream, strings.TrimPrefix(upstream.URL(), "http://"))}
}

// moveUpstream replaces the address of the supervised upstream in each address of v by the one that it
// has elsewhere.
func (b *builder) moveUpstream(v any) {
	service, ok := b.cfg.Service(config.CLIProxy)
	if !ok || b.upstream == "" {
		return
	}
	old, err := url.Parse(service.URL())
	if err != nil {
		return
	}
	eachAddress(v, func(m map[string]any, key string, u *url.URL) {
		if u.Port() == old.Port() && u.Scheme == "http" &&
			(hostname.IsLoopback(u.Hostname()) || u.Hostname() == old.Hostname()) {
			u.Host = b.upstream
			m[key] = u.String()
		}
	})
}

// eachAddress calls do for each text in v that is an address with a scheme, with the map that it is in.
func eachAddress(v any, do func(m map[string]any, key string, u *url.URL)) {
	switch v := v.(type) {
	case map[string]any:
		for key, inner := range v {
			text, isText := inner.(string)
			if !isText {
				eachAddress(inner, do)
				continue
			}
			if u, err := url.Parse(text); err == nil && u.Host != "" {
				do(v, key, u)
			}
		}
	case []any:
		for _, inner := range v {
			eachAddress(inner, do)
		}
	}
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
