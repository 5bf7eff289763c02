package gateway

import (
	"net/http"
	"net/url"
)

// SetProxy replaces the proxies of the environment, which net/http reads once in a process.
func (r *Router) SetProxy(proxy func(*http.Request) (*url.URL, error)) {
	r.transport.Proxy, r.unshared.Proxy = proxy, proxy
}

// What tests need of the inside.
var (
	ReadWait = readWait
	CauseOf  = func(err error) string { return string(causeOf(err)) }
)
