// Package proxy decides which proxy a request to another machine uses. Use
// FromEnvironment as the Proxy of an http.Transport.
//
// It reads what http.ProxyFromEnvironment reads and ALL_PROXY, which curl and most
// agents honour. Requests to loopback use no proxy.
package proxy

import (
	"net/http"
	"net/url"

	"github.com/samber/lo"
	"golang.org/x/net/http/httpproxy"
)

// FromEnvironment reads HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY once, in either
// case, and returns a function that returns the proxy of a request; nil means none.
// ALL_PROXY applies to the schemes without a variable of their own.
func FromEnvironment(getenv func(string) string) func(*http.Request) (*url.URL, error) {
	either := func(upper, lower string) string { return lo.CoalesceOrEmpty(getenv(upper), getenv(lower)) }
	all := either("ALL_PROXY", "all_proxy")
	settings := httpproxy.Config{
		HTTPProxy:  lo.CoalesceOrEmpty(either("HTTP_PROXY", "http_proxy"), all),
		HTTPSProxy: lo.CoalesceOrEmpty(either("HTTPS_PROXY", "https_proxy"), all),
		NoProxy:    either("NO_PROXY", "no_proxy"),
	}
	choose := settings.ProxyFunc()
	return func(req *http.Request) (*url.URL, error) { return choose(req.URL) }
}
