package settings

import (
	"net"
	"net/netip"
	"net/url"
	"strings"

	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/router/dialect"
)

// parseBase checks an upstream's address and, for Anthropic, adds the version folder
// that LiteLLM adds by itself. When u is nil, problem says what is wrong with base.
func parseBase(kind Kind, base string) (u *url.URL, problem string) {
	u, err := url.Parse(strings.TrimRight(strings.TrimSpace(base), "/"))
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
		return nil, "expected an address such as http://127.0.0.1:8317/v1"
	}
	if u.User != nil {
		return nil, "the address holds a user name; put the key into api_key"
	}
	u = trimEndpoint(u)
	if u.Path == "" {
		u.Path = "/" // JoinPath would make a relative path of an empty one
	}
	if kind == Anthropic && !strings.HasSuffix(u.Path, "/v1") {
		u = u.JoinPath("v1")
	}
	u.Fragment = ""
	return u, ""
}

// trimEndpoint returns an address without the endpoint and the slashes at its end:
// http://127.0.0.1:8317/v1 for http://127.0.0.1:8317/v1/chat/completions.
func trimEndpoint(u *url.URL) *url.URL {
	base := *u
	for d := range dialect.Count {
		base.Path = strings.TrimRight(u.Path, "/")
		if path, ok := strings.CutSuffix(base.Path, "/"+d.Path()); ok {
			base.Path, base.RawPath = path, strings.TrimSuffix(strings.TrimRight(u.RawPath, "/"), "/"+d.Path())
			break
		}
	}
	return &base
}

// ParseHostPort reads host:port, or an address with a scheme, and returns what HostPort
// returns for it. Fault: settings-invalid.
func ParseHostPort(address string) (string, error) {
	if !strings.Contains(address, "://") {
		address = "http://" + address
	}
	u, err := url.Parse(address)
	if err != nil || u.Hostname() == "" {
		return "", fault.Usage("settings-invalid", "expected addresses such as http://127.0.0.1:8317")
	}
	return HostPort(u), nil
}

// HostPort returns host:port of an address, so that the same server always gives the same
// text: every name of this machine's loopback interface becomes 127.0.0.1.
func HostPort(u *url.URL) string {
	host := strings.TrimSuffix(strings.ToLower(u.Hostname()), ".")
	if ip, err := netip.ParseAddr(host); err == nil && ip.Unmap().IsLoopback() || host == "localhost" {
		host = "127.0.0.1"
	}
	port := u.Port()
	if port == "" && u.Scheme == "https" {
		port = "443"
	}
	if port == "" {
		port = "80"
	}
	return net.JoinHostPort(host, port)
}
