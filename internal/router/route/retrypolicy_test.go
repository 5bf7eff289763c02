package route_test

import (
	"strings"
	"testing"

	"github.com/flowgate-go/flowgate/internal/router"
	"github.com/flowgate-go/flowgate/internal/router/routertest"
)

func TestTheRetryPolicySaysHowOftenAFailureIsRetried(t *testing.T) {
	t.Parallel()
	const policy = `router_settings:
  num_retries: 1
  disable_cooldowns: true
  retry_policy: {BadRequestErrorRetries: 2, RateLimitErrorRetries: 0, TimeoutErrorRetries: 3, surprise: 1}
  model_group_retry_policy: {own: {InternalServerErrorRetries: 3, DefaultRetries: 4}}
`
	s := routertest.Start(t, routertest.Groups(policy, "bad: fail-400", "rate: fail-429", "late: fail-504", "other: fail-500",
		"own: fail-500", "rest: fail-503", "pair: fail-401"), router.Options{})
	for _, c := range []struct {
		model, more string
		calls       int
	}{
		{"bad", "", 3}, {"rate", "", 1}, {"late", "", 4},
		{"other", "", 2},                 // the policy does not name it
		{"own", "", 4},                   // the group's policy replaces the general one
		{"rest", "", 2}, {"pair", "", 1}, // as without a policy
		{"bad", `,"num_retries":1`, 2},  // a client may lower the number
		{"late", `,"num_retries":0`, 1}, // and ask for no retries
		{"late", `,"num_retries":9`, 4}, // but not raise it
	} {
		before := len(s.Upstream.Calls())
		got := s.Chat(c.model, c.more)
		if n := len(s.Upstream.Calls()) - before; n != c.calls || got.Status == 200 {
			t.Errorf("%s%s: %d calls, not %d: %d", c.model, c.more, n, c.calls, got.Status)
		}
	}
	if !strings.Contains(s.Log.String(), "surprise has no effect") {
		t.Error("nothing is said of a class that LiteLLM does not have")
	}
}

func TestADefaultOfTheRetryPolicyHoldsForAllOtherFailures(t *testing.T) {
	t.Parallel()
	const policy = "router_settings:\n  disable_cooldowns: true\n" +
		"  retry_policy: {DefaultRetries: 0, BadRequestErrorRetries: 1}\n"
	s := routertest.Start(t, routertest.Groups(policy, "m: fail-500", "long: fail-400-ctx", "filtered: fail-400-policy"), router.Options{})
	for model, want := range map[string]int{"m": 1, "long": 2, "filtered": 2} { // the last two are bad requests too
		before := len(s.Upstream.Calls())
		s.Chat(model)
		if n := len(s.Upstream.Calls()) - before; n != want {
			t.Errorf("%s: %d calls, not %d", model, n, want)
		}
	}
}
