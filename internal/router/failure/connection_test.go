package failure_test

import (
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/flowgate-go/flowgate/internal/router"
	"github.com/flowgate-go/flowgate/internal/router/routertest"
)

// listenAndSay serves connections by say until the test ends.
func listenAndSay(t *testing.T, say func(net.Conn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			say(conn)
			_ = conn.Close()
		}
	}()
	return l.Addr().String()
}

func TestTheCauseOfAFailedConnectionIsLoggedAndExplained(t *testing.T) {
	t.Parallel()
	secure := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { routertest.WriteReply(w) }))
	secure.Config.ErrorLog = log.New(io.Discard, "", 0)
	secure.StartTLS()
	t.Cleanup(secure.Close)
	plain := routertest.Serve(t, func(_ int, w http.ResponseWriter, _ *http.Request) { routertest.WriteReply(w) })
	alert := listenAndSay(t, func(c net.Conn) { // what a TLS server without a message of its own sends
		_, _ = c.Read(make([]byte, 1<<16))
		_, _ = c.Write([]byte("\x15\x03\x01\x00\x02\x02\x46"))
	})
	for name, c := range map[string]struct {
		base   string
		cause  string
		says   string
		calls  int // attempts with two retries
		status int
	}{
		"certificate":   {secure.URL, "certificate", "certificate does not verify", 1, 500},
		"refused":       {"http://DOWN", "refused", "connection was refused", 3, 500},
		"dns":           {"http://no-such-host.invalid", "dns", "host name has no address", 3, 500},
		"https to http": {"https://" + plain.Addr(), "https-to-http", "speaks plain HTTP", 3, 500},
		"http to https": {"http://" + secure.Listener.Addr().String(), "http-to-https", "write https://", 1, 502},
		"an alert":      {"http://" + alert, "http-to-https", "write https://", 3, 500},
		"closed": {"http://" + listenAndSay(t, func(c net.Conn) { _, _ = c.Read(make([]byte, 1<<16)) }), "closed",
			"closed the connection", 3, 500},
		"not HTTP": {"http://" + listenAndSay(t,
			func(c net.Conn) { _, _ = c.Read(make([]byte, 1<<16)); fmt.Fprint(c, "SSH-2.0-OpenSSH\r\n") }), "protocol",
			"does not speak HTTP", 3, 500},
		"proxy": {"http://" + listenAndSay(t, func(c net.Conn) {
			_, _ = c.Read(make([]byte, 1<<16))
			fmt.Fprint(c, "HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
		}), "proxy", "check HTTPS_PROXY", 1, 502},
		"long headers": {"http://" + listenAndSay(t, func(c net.Conn) {
			_, _ = c.Read(make([]byte, 1<<16))
			fmt.Fprintf(c, "HTTP/1.1 200 OK\r\nX-Long: %s\r\n\r\n", strings.Repeat("x", 2<<20))
		}), "protocol", "does not speak HTTP", 3, 500},
		"no TLS at all": {"https://" + listenAndSay(t, func(c net.Conn) { fmt.Fprint(c, "SSH-2.0-OpenSSH\r\n") }),
			"https-to-http", "no TLS", 3, 500},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := routertest.StartAt(t, plain.Addr(), routertest.OneDeploymentAt(c.base, routertest.WithoutCooldowns), router.Options{})
			got := s.Send("POST", "/v1/messages", `{"model":"m","max_tokens":1,"messages":[]}`,
				map[string]string{"User-Agent": "claude-cli/2.1"})
			if got.Status != c.status || !strings.Contains(got.Body, c.says) {
				t.Errorf("%d %s", got.Status, got.Body)
			}
			host := strings.TrimPrefix(strings.TrimPrefix(c.base, "https://"), "http://")
			if strings.Contains(got.Body, host) || strings.Contains(got.Body, "127.0.0.1") {
				t.Errorf("the client learns where the upstream is: %s", got.Body)
			}
			text := s.Log.String()
			for _, want := range []string{`"cause":"` + c.cause + `"`, `"route":"/v1/messages"`, `"client":"claude-cli/2.1"`,
				`"remote":"127.0.0.1:`, `"group":"m"`, `"deployment":"d"`} {
				if strings.Count(text, want) != c.calls {
					t.Errorf("%s is not in the log %d times: %s", want, c.calls, text)
				}
			}
			if c.status == 500 && strings.Count(text, `"error":"`) != c.calls || strings.Contains(text, "k-secret") {
				t.Errorf("log: %s", text)
			}
		})
	}
}

func TestACertificateThatDoesNotVerifyIsTriedElsewhereAndCountsOnce(t *testing.T) {
	t.Parallel()
	secure := httptest.NewUnstartedServer(http.NotFoundHandler())
	secure.Config.ErrorLog = log.New(io.Discard, "", 0)
	secure.StartTLS()
	t.Cleanup(secure.Close)
	plain := routertest.Serve(t, func(_ int, w http.ResponseWriter, _ *http.Request) { routertest.WriteReply(w) })
	yaml := strings.Replace(routertest.OneDeploymentAt(secure.URL, "router_settings: {allowed_fails: 1, cooldown_time: 5}\n"), "general_settings",
		"  - {model_name: m, litellm_params: {model: openai/up, api_base: http://UP/v1, api_key: k}, model_info: {id: "+
			"e}}\ngeneral_settings", 1)
	s := routertest.StartAt(t, plain.Addr(), yaml, router.Options{Now: routertest.NewClock().Now, Rand: func() float64 { return 0 }})
	for i := range 4 {
		if got := s.Chat("m"); got.Status != 200 {
			t.Errorf("%d: %d", i, got.Status)
		}
	}
	if s.CountLogged("attempt failed") != 2 || s.CountLogged("cooldown began") != 1 || len(s.Slept()) != 0 {
		t.Errorf("log %s, slept %v", s.Log, s.Slept())
	}
}

func TestABrokenReplyCarriesItsCause(t *testing.T) {
	t.Parallel()
	s := routertest.Start(t, routertest.Groups(routertest.WithoutRetries, "m: cut", "first: cut0"), router.Options{})
	for model, message := range map[string]string{"m": "stream failed", "first": "attempt failed"} {
		if got := s.Chat(model, `,"stream":true`); !strings.Contains(got.Body,
			"closed the connection before its reply was complete") {
			t.Errorf("%s: %s", model, got.Body)
		}
		if s.CountLogged(message) != 1 {
			t.Errorf("%s: %s", model, s.Log)
		}
	}
	if strings.Count(s.Log.String(), `"cause":"closed"`) != 2 ||
		strings.Count(s.Log.String(), `"error":"unexpected EOF"`) != 2 {
		t.Error(s.Log)
	}
	up := routertest.Serve(t, func(_ int, w http.ResponseWriter, _ *http.Request) { // an unstreamed one
		w.Header().Set("Content-Length", "100")
		fmt.Fprint(w, `{"model":`)
	})
	s = routertest.StartAt(t, up.Addr(), routertest.OneDeployment(routertest.WithoutRetries), router.Options{})
	if got := s.Chat("m"); got.Status != 500 || !strings.Contains(got.Body, "closed the connection") ||
		!strings.Contains(s.Log.String(), `"cause":"closed"`) {
		t.Errorf("%d %s; %s", got.Status, got.Body, s.Log)
	}
}
