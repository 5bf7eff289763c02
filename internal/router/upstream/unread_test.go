package upstream_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/internal/router"
	"github.com/flowgate-go/flowgate/internal/router/routertest"
)

// TestAnErrorWhoseBodyNeverEndsIsAnsweredSoon has upstreams that send a status
// and keep the connection open: a refusal whose body hangs, and a change of
// protocol. Neither may be waited for as long as for an answer.
func TestAnErrorWhoseBodyNeverEndsIsAnsweredSoon(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		status int
		says   string
		play   http.HandlerFunc
	}{
		"hanging 429": {429, "slow down", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", "9999")
			w.WriteHeader(http.StatusTooManyRequests)
			_, _ = w.Write([]byte("slow down"))
			_ = http.NewResponseController(w).Flush()
			<-r.Context().Done()
		}},
		"101": {502, "answered 101", func(w http.ResponseWriter, _ *http.Request) {
			conn, _, err := http.NewResponseController(w).Hijack()
			if err != nil {
				t.Error(err)
				return
			}
			defer conn.Close()
			_, _ = conn.Write([]byte("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n"))
			_, _ = conn.Read(make([]byte, 1)) // until the router closes
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			up := httptest.NewServer(c.play)
			t.Cleanup(up.Close)
			s := routertest.StartAt(t, strings.TrimPrefix(up.URL, "http://"), routertest.OneDeployment("router_settings: {num_retries: 0}\n"), router.Options{})
			for _, more := range []string{"", `,"stream":true`} {
				begun := time.Now()
				got := s.Chat("m", more)
				if took := time.Since(begun); got.Status != c.status || !strings.Contains(got.Body, c.says) ||
					took > 15*time.Second {
					t.Errorf("%d after %v: %s", got.Status, took, got.Body)
				}
			}
		})
	}
}
