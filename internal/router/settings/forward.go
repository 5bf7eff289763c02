package settings

import (
	"path"
	"slices"

	"github.com/flowgate-go/flowgate/internal/router/settings/document"
)

// ForwardRule says which of a client's headers a deployment gets. The zero value
// forwards only the headers that are part of the providers' interfaces.
type ForwardRule struct {
	All          bool // CLIProxyAPI: every header that is not withheld from all upstreams
	Identity     bool // the headers that name the client and its session
	LiteLLM      bool // what LiteLLM's forward_client_headers_to_llm_api forwards
	Organization bool // OpenAI-Organization, as LiteLLM's forward_openai_org_id does
	Trace        bool // traceparent and tracestate, as LiteLLM's forward_traceparent_to_llm_provider does
}

// forwardTraceKey is LiteLLM's name for whether upstreams get the client's trace, under litellm_settings.
const forwardTraceKey = "forward_traceparent_to_llm_provider"

// defaultCLIProxyAPI is the default address of CLIProxyAPI.
const defaultCLIProxyAPI = "127.0.0.1:8317"

// forwardSettings has the settings about clients' headers that concern all deployments.
type forwardSettings struct {
	base          ForwardRule
	litellmGroups []string // groups, with * as a wildcard, that get what forward_client_headers_to_llm_api forwards
	cliproxyapi   []string // addresses, as HostPort returns them
}

// readForwarding reads the settings about clients' headers.
func readForwarding(general, litellm document.Section) forwardSettings {
	f := forwardSettings{base: ForwardRule{
		Identity:     general.Flag("flowgate_forward_client_identity"),
		LiteLLM:      general.Flag("forward_client_headers_to_llm_api"),
		Organization: general.Flag("forward_openai_org_id"),
		Trace:        litellm.Flag(forwardTraceKey),
	}}
	groups := litellm.Sub("model_group_settings")
	groups.WarnUnknown("forward_client_headers_to_llm_api")
	f.litellmGroups = groups.Names("forward_client_headers_to_llm_api")
	addresses := general.Texts("flowgate_cliproxyapi_addresses", "an address in quotes")
	if !general.Has("flowgate_cliproxyapi_addresses") {
		addresses = []string{defaultCLIProxyAPI}
	}
	for _, address := range addresses {
		at, err := ParseHostPort(address)
		if err != nil {
			general.Fail("flowgate_cliproxyapi_addresses", "%s", err)
		}
		f.cliproxyapi = append(f.cliproxyapi, at)
	}
	return f
}

// ruleFor returns the rule of one deployment. Its own settings are in litellm_params, or in
// model_info, which the real LiteLLM does not send to upstreams.
func (f forwardSettings) ruleFor(d *Deployment, entry document.Section) ForwardRule {
	rule := f.base
	rule.LiteLLM = rule.LiteLLM || slices.ContainsFunc(f.litellmGroups, func(pattern string) bool {
		ok, err := path.Match(pattern, d.Group)
		return ok && err == nil || pattern == d.Group
	})
	rule.All = d.Base != nil && slices.Contains(f.cliproxyapi, HostPort(d.Base))
	for _, name := range [...]string{"model_info", "litellm_params"} {
		part := entry.Sub(name)
		if part.Has("flowgate_forward_client_identity") {
			rule.Identity = part.Flag("flowgate_forward_client_identity")
		}
		if part.Has("flowgate_cliproxyapi") {
			rule.All = part.Flag("flowgate_cliproxyapi")
		}
	}
	return rule
}
