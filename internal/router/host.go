package router

import (
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// hostAllowed refuses requests that a browser was tricked into sending to a
// loopback address under a foreign name (DNS rebinding).
func (r *Router) hostAllowed(req *http.Request) bool {
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
	matches := func(allowed string) bool { return matchesHost(allowed, host) }
	return slices.ContainsFunc(r.opts.Hosts, matches) || slices.ContainsFunc(r.settings.hosts, matches)
}

// hostName is the name in a Host header: without port and brackets, in lower
// case, without the dot that ends an absolute name.
func hostName(host string) string {
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	return strings.TrimSuffix(strings.ToLower(strings.Trim(host, "[]")), ".")
}

// matchesHost reports whether an allowed name is host; *.NAME is every name below NAME.
func matchesHost(allowed, host string) bool {
	allowed = hostName(allowed)
	if below, ok := strings.CutPrefix(allowed, "*"); ok && strings.HasPrefix(below, ".") {
		return strings.HasSuffix(host, below)
	}
	return allowed == host
}
