package router_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/flowgate-go/flowgate/internal/router"
	"github.com/flowgate-go/flowgate/internal/router/routertest"
)

func TestTheProxysOwnRefusalIsTheCauseAndItsPasswordIsNotLogged(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ proxy, says string }{
		"refuses":   {"http://user:pa55word@PROXY", "proxy answered 403"},
		"dead":      {"http://user:pa55word@DOWN", "refused"},
		"malformed": {"http://user:pa55 word@[::1", "not valid"},
	} {
		proxy := routertest.Serve(t, func(_ int, w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) })
		address := strings.NewReplacer("PROXY", proxy.Addr(), "DOWN", routertest.ClosedAddr(t)).Replace(c.proxy)
		s := routertest.StartAt(t, proxy.Addr(), routertest.OneDeploymentAt("https://upstream.invalid", routertest.WithoutRetries), router.Options{})
		s.Router.SetProxy(func(*http.Request) (*url.URL, error) {
			u, err := url.Parse(address)
			if err != nil { // as http.ProxyFromEnvironment says it
				return nil, fmt.Errorf("invalid proxy address %q: %w", address, err)
			}
			return u, nil
		})
		got := s.Chat("m")
		if !strings.Contains(got.Body, "proxy cannot be used") || !strings.Contains(s.Log.String(), `"cause":"proxy"`) ||
			!strings.Contains(s.Log.String(), c.says) {
			t.Errorf("%s: %s; %s", name, got.Body, s.Log)
		}
		if strings.Contains(got.Body+s.Log.String(), "pa55") {
			t.Errorf("%s: a password: %s %s", name, got.Body, s.Log)
		}
	}
}

func TestTheSettingsCanNameTheProxy(t *testing.T) {
	t.Parallel()
	asked := make(chan string, 1)
	proxy := routertest.Serve(t, func(_ int, w http.ResponseWriter, r *http.Request) {
		select {
		case asked <- r.Method + " " + r.Host:
		default: // only the first request is looked at
		}
		w.WriteHeader(http.StatusForbidden)
	})
	text := "environment_variables: {HTTPS_PROXY: \"http://" + proxy.Addr() + "\"}\n" +
		routertest.OneDeploymentAt("https://upstream.invalid", routertest.WithoutRetries)
	s := routertest.StartAt(t, proxy.Addr(), text, router.Options{})
	got := s.Chat("m")
	select {
	case request := <-asked:
		if request != "CONNECT upstream.invalid:443" {
			t.Error(request)
		}
	default:
		t.Errorf("the proxy was not asked: %s; %s", got.Body, s.Log)
	}
}
