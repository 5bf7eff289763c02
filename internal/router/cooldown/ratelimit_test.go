package cooldown_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/flowgate-go/flowgate/internal/router"
	"github.com/flowgate-go/flowgate/internal/router/routertest"
)

// The whole way: what the upstream asks for is what the next client is told.
func TestALoneDeploymentsLongWaitIsRememberedAndNotRetried(t *testing.T) {
	t.Parallel()
	for header, want := range map[string]string{"Retry-After: 61": "61", "Retry-After: 120000": "3600",
		"X-Ratelimit-Reset-Requests: 2h": "7200", "Retry-After: 60": ""} {
		for _, rule := range []string{"", "router_settings: {allowed_fails: 7}\n"} {
			clk := routertest.NewClock()
			up := routertest.Serve(t, func(_ int, w http.ResponseWriter, _ *http.Request) { routertest.WriteError(w, 429, header) })
			s := routertest.StartAt(t, up.Addr(), routertest.OneDeployment(rule), router.Options{Now: clk.Now})
			got := s.Chat("m")
			if calls := up.Calls(); got.Status != 429 || (calls == 1) != (want != "") || len(s.Slept()) != calls-1 {
				t.Errorf("%s: %d after %d calls, slept %v", header, got.Status, calls, s.Slept())
			}
			calls := up.Calls()
			got = s.Chat("m")
			if got.IsCooling() != (want != "") || want != "" && (got.Header.Get("Retry-After") != want || up.Calls() != calls) {
				t.Errorf("%s: then %d, Retry-After %s, %d calls", header, got.Status, got.Header.Get("Retry-After"), up.Calls())
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
		up := routertest.Serve(t, func(_ int, w http.ResponseWriter, _ *http.Request) { routertest.WriteError(w, c.status, c.header) })
		s := routertest.StartAt(t, up.Addr(), routertest.OneDeployment(routertest.WithoutCooldowns), router.Options{})
		if got := s.Chat("m"); got.Status != c.status || up.Calls() != c.calls {
			t.Errorf("%+v: %d after %d calls", c, got.Status, up.Calls())
		}
	}
	up := routertest.Serve(t, func(n int, w http.ResponseWriter, _ *http.Request) {
		if n == 0 {
			routertest.WriteError(w, 500, "X-Should-Retry: false")
			return
		}
		routertest.WriteReply(w)
	})
	yaml := strings.Replace(routertest.OneDeployment(routertest.WithoutCooldowns), "general_settings",
		"  - {model_name: m, litellm_params: {model: openai/up, api_base: http://UP/v1, api_key: k}, model_info: {id: "+
			"e}}\ngeneral_settings", 1)
	s := routertest.StartAt(t, up.Addr(), yaml, router.Options{})
	if got := s.Chat("m"); got.Status != 200 || fmt.Sprint(s.Slept()) != "[]" {
		t.Errorf("another deployment may be asked: %d, slept %v", got.Status, s.Slept())
	}
}
