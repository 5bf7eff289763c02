package proxy_test

import (
	"net/http"
	"testing"

	"github.com/flowgate-go/flowgate/internal/proxy"
)

func TestTheProxyOfTheEnvironmentIsUsedForARequest(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		env  map[string]string
		url  string
		want string
	}{
		"none": {nil, "https://api.example", ""},
		"ALL_PROXY": {map[string]string{"ALL_PROXY": "socks5h://p:1"}, "https://api.example",
			"socks5h://p:1"},
		"all_proxy for http":         {map[string]string{"all_proxy": "http://p:1"}, "http://api.example", "http://p:1"},
		"ALL_PROXY without a scheme": {map[string]string{"ALL_PROXY": "p:1"}, "http://api.example", "http://p:1"},
		"the scheme's own": {map[string]string{"ALL_PROXY": "http://p:1", "HTTPS_PROXY": "http://q:1"},
			"https://api.example", "http://q:1"},
		"the other scheme's own": {map[string]string{"ALL_PROXY": "http://p:1", "HTTPS_PROXY": "http://q:1"},
			"http://api.example", "http://p:1"},
		"NO_PROXY": {map[string]string{"ALL_PROXY": "http://p:1", "NO_PROXY": ".example"},
			"https://api.example", ""},
		"loopback":                    {map[string]string{"ALL_PROXY": "http://p:1"}, "http://127.0.0.1:8317", ""},
		"localhost":                   {map[string]string{"HTTP_PROXY": "http://p:1"}, "http://localhost:8317", ""},
		"HTTP_PROXY is not for https": {map[string]string{"HTTP_PROXY": "http://p:1"}, "https://api.example", ""},
	} {
		req, err := http.NewRequest(http.MethodGet, c.url, nil)
		if err != nil {
			t.Fatal(err)
		}
		u, err := proxy.FromEnvironment(func(name string) string { return c.env[name] })(req)
		got := ""
		if u != nil {
			got = u.String()
		}
		if err != nil || got != c.want {
			t.Errorf("%s: %q, %v; want %q", name, got, err, c.want)
		}
	}
}
