package probe_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"testing"

	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/probe"
)

func TestOnlyAServerThatSaysSoIsReady(t *testing.T) {
	t.Parallel()
	for status, code := range map[int]string{200: "", 204: "not-ready", 302: "not-ready", 503: "not-ready"} {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }))
		u, err := url.Parse(s.URL)
		if err != nil {
			t.Fatal(err)
		}
		port, _ := strconv.Atoi(u.Port())
		_, err = probe.CheckReady(t.Context(), port, 0, "")
		if s.Close(); code == "" && err != nil || code != "" && !fault.HasCode(err, code) {
			t.Errorf("%d: %v", status, err)
		}
	}
}
