package router_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/flowgate-go/flowgate/internal/router"
)

// The whole way: what the upstream asks for is what the next client is told.
func TestALoneDeploymentsLongWaitIsRememberedAndNotRetried(t *testing.T) {
	t.Parallel()
	for header, want := range map[string]string{"Retry-After: 61": "61", "Retry-After: 120000": "3600",
		"X-Ratelimit-Reset-Requests: 2h": "7200", "Retry-After: 60": ""} {
		for _, rule := range []string{"", "router_settings: {allowed_fails: 7}\n"} {
			clk := newClock()
			up := play(t, func(_ int, w http.ResponseWriter, _ *http.Request) { refuse(w, 429, header) })
			s := startAt(t, up.addr(), lone(rule), router.Options{Now: clk.Now})
			got := s.chat("m")
			if calls := up.calls(); got.status != 429 || (calls == 1) != (want != "") || len(s.slept) != calls-1 {
				t.Errorf("%s: %d after %d calls, slept %v", header, got.status, calls, s.slept)
			}
			calls := up.calls()
			got = s.chat("m")
			if isCooling(got) != (want != "") || want != "" && (got.header.Get("Retry-After") != want || up.calls() != calls) {
				t.Errorf("%s: then %d, Retry-After %s, %d calls", header, got.status, got.header.Get("Retry-After"), up.calls())
			}
		}
	}
}

func TestShouldRetryIsObeyed(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		status int
		header string
		calls  int
	}{
		{500, "X-Should-Retry: false", 1}, {429, "X-Should-Retry: false", 1}, {500, "X-Should-Retry: maybe", 3},
		{400, "X-Should-Retry: true", 3}, {409, "X-Should-Retry: true", 3}, {400, "", 1},
	} {
		up := play(t, func(_ int, w http.ResponseWriter, _ *http.Request) { refuse(w, c.status, c.header) })
		s := startAt(t, up.addr(), lone(calm), router.Options{})
		if got := s.chat("m"); got.status != c.status || up.calls() != c.calls {
			t.Errorf("%+v: %d after %d calls", c, got.status, up.calls())
		}
	}
	up := play(t, func(n int, w http.ResponseWriter, _ *http.Request) {
		if n == 0 {
			refuse(w, 500, "X-Should-Retry: false")
			return
		}
		good(w)
	})
	yaml := strings.Replace(lone(calm), "general_settings",
		"  - {model_name: m, litellm_params: {model: openai/up, api_base: http://UP/v1, api_key: k}, model_info: {id: "+
			"e}}\ngeneral_settings", 1)
	s := startAt(t, up.addr(), yaml, router.Options{})
	if got := s.chat("m"); got.status != 200 || fmt.Sprint(s.slept) != "[]" {
		t.Errorf("another deployment may be asked: %d, slept %v", got.status, s.slept)
	}
}
