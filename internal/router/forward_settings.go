package router

import (
	"net"
	"net/netip"
	"net/url"
	"path"
	"slices"
	"strings"

	"github.com/flowgate-go/flowgate/internal/fault"
)

// defaultCLIProxyAPI is where a CLIProxyAPI listens unless told otherwise.
const defaultCLIProxyAPI = "127.0.0.1:8317"

// forwardSettings are the general settings about clients' headers.
type forwardSettings struct {
	base        forwarding
	litellmOnly []string // groups, with * as a wildcard, that get what forward_client_headers_to_llm_api passes
	cliproxyapi []string // host:port, as hostPort writes it
}

// readForwarding reads general_settings and litellm_settings about clients' headers.
func readForwarding(general, litellm section) forwardSettings {
	f := forwardSettings{base: forwarding{
		identity:     general.flag("flowgate_forward_client_identity"),
		litellm:      general.flag("forward_client_headers_to_llm_api"),
		organization: general.flag("forward_openai_org_id"),
	}}
	groups := litellm.sub("model_group_settings")
	groups.known("forward_client_headers_to_llm_api")
	f.litellmOnly = groups.names("forward_client_headers_to_llm_api")
	addresses := general.texts("flowgate_cliproxyapi_addresses", "an address in quotes")
	if general.values["flowgate_cliproxyapi_addresses"] == nil {
		addresses = []string{defaultCLIProxyAPI}
	}
	for _, address := range addresses {
		at, err := parseHostPort(address)
		if err != nil {
			general.doc.fail(general.at("flowgate_cliproxyapi_addresses"), "%s", err)
		}
		f.cliproxyapi = append(f.cliproxyapi, at)
	}
	return f
}

// deployment is the forwarding of one deployment. Its own settings stand in
// litellm_params, or in model_info, which the real LiteLLM does not send to upstreams.
func (f forwardSettings) deployment(d *Deployment, entry section) forwarding {
	own := f.base
	own.litellm = own.litellm || slices.ContainsFunc(f.litellmOnly, func(pattern string) bool {
		ok, err := path.Match(pattern, d.Group)
		return ok && err == nil || pattern == d.Group
	})
	own.all = d.base != nil && slices.Contains(f.cliproxyapi, hostPort(d.base))
	for _, name := range [...]string{"model_info", "litellm_params"} {
		part := entry.sub(name)
		if part.values["flowgate_forward_client_identity"] != nil {
			own.identity = part.flag("flowgate_forward_client_identity")
		}
		if part.values["flowgate_cliproxyapi"] != nil {
			own.all = part.flag("flowgate_cliproxyapi")
		}
	}
	return own
}

// parseHostPort reads host:port or an address with a scheme.
func parseHostPort(address string) (string, error) {
	if !strings.Contains(address, "://") {
		address = "http://" + address
	}
	u, err := url.Parse(address)
	if err != nil || u.Hostname() == "" {
		return "", fault.Usage("settings-invalid", "expected addresses such as http://127.0.0.1:8317")
	}
	return hostPort(u), nil
}

// hostPort writes host:port so that equal addresses are equal texts: all names
// of this machine's loopback are 127.0.0.1.
func hostPort(u *url.URL) string {
	host := strings.TrimSuffix(strings.ToLower(u.Hostname()), ".")
	if ip, err := netip.ParseAddr(host); err == nil && ip.Unmap().IsLoopback() || host == "localhost" {
		host = "127.0.0.1"
	}
	port := u.Port()
	if port == "" {
		port = map[string]string{"https": "443"}[u.Scheme]
	}
	if port == "" {
		port = "80"
	}
	return net.JoinHostPort(host, port)
}
