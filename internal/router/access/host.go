package access

import (
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// IsHostAllowed reports whether a request that came to a loopback address has a Host header
// that names this machine. A request with a foreign name comes from a browser that was
// tricked into sending it (DNS rebinding). Requests to other addresses, and those
// without the header, are always allowed.
func (r *Rules) IsHostAllowed(req *http.Request) bool {
	local, ok := req.Context().Value(http.LocalAddrContextKey).(*net.TCPAddr)
	if !ok || !local.IP.IsLoopback() || req.Host == "" {
		return true
	}
	host := hostName(req.Host)
	if host == "127.0.0.1" || host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	if _, err := netip.ParseAddr(host); err == nil {
		return true
	}
	return slices.ContainsFunc(r.hosts, func(allowed string) bool { return matchesHost(allowed, host) })
}

// hostName returns the name in a Host header without port and brackets, in lower case,
// and without the dot that ends an absolute name.
func hostName(host string) string {
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	return strings.TrimSuffix(strings.ToLower(strings.Trim(host, "[]")), ".")
}

// matchesHost reports whether an allowed name matches host. *.NAME matches every name below NAME.
func matchesHost(allowed, host string) bool {
	allowed = hostName(allowed)
	if below, ok := strings.CutPrefix(allowed, "*"); ok && strings.HasPrefix(below, ".") {
		return strings.HasSuffix(host, below)
	}
	return allowed == host
}
