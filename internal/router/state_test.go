package router_test

import (
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/internal/router"
	"github.com/flowgate-go/flowgate/internal/router/routertest"
	"github.com/flowgate-go/flowgate/internal/router/state"
)

func TestTheStateOfDeploymentsNeedsTheKey(t *testing.T) {
	t.Parallel()
	s := routertest.Start(t, routertest.Groups(routertest.WithoutCooldowns, "m: ok"), router.Options{})
	for _, key := range []string{"", "Bearer wrong"} {
		if got := s.Send("GET", state.Path, "",
			map[string]string{"Authorization": key}); got.Status != http.StatusUnauthorized {
			t.Errorf("key %q: %d %s", key, got.Status, got.Body)
		}
	}
	if got := s.Send("POST", state.Path, "", nil); got.Status != http.StatusMethodNotAllowed {
		t.Errorf("POST: %d", got.Status)
	}
}

func TestTheStateSaysWhatCoolsDownSinceWhenWhyAndUntilWhen(t *testing.T) {
	t.Parallel()
	clk := routertest.NewClock()
	yaml := routertest.Groups("router_settings: {allowed_fails: 0, cooldown_time: 30, num_retries: 0}\n", "m: fail-500 | order: 1",
		"m: ok | order: 2", "only: fail-503-ra120",
		"unset: x")
	at := strings.LastIndex(yaml, "k-secret")
	s := routertest.Start(t, yaml[:at]+"os.environ/NOT_SET"+yaml[at+len("k-secret"):], router.Options{Now: clk.Now})
	want := state.Report{Deployments: 4, Available: 3, UnavailableGroups: []string{"unset"}}
	if got := s.State(); got.Deployments != want.Deployments || got.Available != want.Available || len(got.Cooling) != 0 ||
		!slices.Equal(got.UnavailableGroups, want.UnavailableGroups) {
		t.Errorf("before: %+v", got)
	}
	s.Chat("m")
	clk.Advance(10 * time.Second)
	s.Chat("only")
	now := routertest.NewClock().Now()
	got := s.State()
	cooling := []state.Cooling{
		{Deployment: "m-fail-500", Group: "m", Since: now, Until: now.Add(30 * time.Second),
			NextTrial: now.Add(30 * time.Second), Status: 500, Class: "InternalServerError",
			Reason: "The upstream answered 500."},
		{Deployment: "only-fail-503-ra120", Group: "only", Since: now.Add(10 * time.Second),
			Until: now.Add(130 * time.Second), NextTrial: now.Add(130 * time.Second), Status: 503,
			Class: "ServiceUnavailableError", Reason: "The upstream answered 503."},
	}
	if !slices.Equal(got.Cooling, cooling) || got.Available != 1 ||
		!slices.Equal(got.UnavailableGroups, []string{"only", "unset"}) {
		t.Errorf("cooling: %+v", got)
	}
	before := s.CountLogged("cooldown ended")
	clk.Advance(20 * time.Second)
	if got := s.State(); len(got.Cooling) != 1 || got.Available != 2 || s.CountLogged("cooldown ended") != before {
		t.Errorf("after the first cooldown: %+v; to look must change nothing", got)
	}
}

func TestTheStateGivesTheCauseOfFailedConnections(t *testing.T) {
	t.Parallel()
	s := routertest.StartAt(t, routertest.ClosedAddr(t), routertest.OneDeploymentAt("http://DOWN",
		"router_settings: {allowed_fails: 0, cooldown_time: 30, num_retries: 0}\n"), router.Options{})
	s.Chat("m")
	if got := s.State(); len(got.Cooling) != 1 || got.Cooling[0].Cause != "refused" ||
		got.Cooling[0].Reason != "The connection was refused: start the upstream, or correct the port in api_base." {
		t.Errorf("%+v", got)
	}
}

func TestTheStateShowsATrialInProgress(t *testing.T) {
	t.Parallel()
	clk := routertest.NewClock()
	next := make(chan struct{})
	up := routertest.Serve(t, routertest.FailThen(500, func(w http.ResponseWriter) { <-next; routertest.WriteReply(w) }))
	s := routertest.StartAt(t, up.Addr(), routertest.OneDeployment(routertest.CooldownAtOnce), router.Options{Now: clk.Now})
	s.Chat("m")
	clk.Advance(5 * time.Second)
	done := make(chan routertest.Reply)
	go func() { done <- s.Chat("m") }()
	routertest.Eventually(t, "the trial", func() bool { return up.Calls() == 2 })
	if got := s.State(); len(got.Cooling) != 1 || !got.Cooling[0].Trial || len(got.UnavailableGroups) != 1 {
		t.Errorf("%+v", got)
	}
	close(next)
	if got := <-done; got.Status != 200 || len(s.State().Cooling) != 0 {
		t.Errorf("%d %+v", got.Status, s.State())
	}
}

func TestAReplyNamesTheTimeWhenTheFirstDeploymentComesBack(t *testing.T) {
	t.Parallel()
	s := routertest.Start(t, routertest.Groups("router_settings: {allowed_fails: 0, num_retries: 1}\n",
		"m: fail-500-ra40 fail-500-ra20 fail-500-ra30"), router.Options{Now: routertest.NewClock().Now})
	for range 3 {
		s.Chat("m")
	}
	if got := s.Chat("m"); !got.IsCooling() || got.Header.Get("Retry-After") != "20" {
		t.Errorf("%d, Retry-After %s", got.Status, got.Header.Get("Retry-After"))
	}
}

func TestTheStateHasWhatTheRoutingStrategyDecidesBy(t *testing.T) {
	t.Parallel()
	clk := routertest.NewClock()
	yaml := func(strategy string) string {
		return routertest.Groups("router_settings: {routing_strategy: "+strategy+
			", optional_pre_call_checks: [session_affinity]}\n",
			"m: one two | rpm: 2, input_cost_per_token: 0.25, output_cost_per_token: 0.5")
	}
	for strategy, want := range map[string]state.Usage{
		"least-busy":             {Requests: 1},
		"usage-based-routing-v2": {Requests: 1, Tokens: 8, RPM: 2},
		"cost-based-routing":     {Requests: 1, Tokens: 8, RPM: 2, TokenCost: new(0.75)},
		"latency-based-routing":  {Requests: 1, Tokens: 8, RPM: 2},
	} {
		s := routertest.Start(t, yaml(strategy), router.Options{Now: clk.Now, Rand: func() float64 { return 0 }})
		s.Send("POST", "/v1/chat/completions", `{"model":"m","messages":[]}`, map[string]string{"Session-Id": "0193-session"})
		got := s.State()
		want.Deployment, want.Group = "m-one", "m"
		if got.Strategy != strategy || got.Sessions != 1 || len(got.Usage) != 2 || !reflect.DeepEqual(got.Usage[0], want) {
			t.Errorf("%s: %+v, want %+v", strategy, got, want)
		}
		s.Send("POST", "/v1/chat/completions", `{"model":"m","messages":[]}`, map[string]string{"Session-Id": "0193-session"})
		if got := s.State().Usage[0]; got.Limited != (strategy != "least-busy") {
			t.Errorf("%s: with its requests used up: %+v", strategy, got)
		}
	}
	s := routertest.Start(t, yaml("simple-shuffle"), router.Options{})
	if got := s.State(); got.Strategy != "simple-shuffle" || got.Usage != nil {
		t.Errorf("%+v", got)
	}
}

func TestTheStateHoldsTheQuotaWindowsThatRepliesNamed(t *testing.T) {
	t.Parallel()
	clk := routertest.NewClock()
	resets := clk.Now().Add(time.Hour)
	s := routertest.StartBefore(t, routertest.Groups(routertest.WithoutCooldowns, "m: ok"), router.Options{Now: clk.Now},
		func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X-Codex-Primary-Used-Percent", "40")
			w.Header().Set("X-Codex-Primary-Window-Minutes", "300")
			w.Header().Set("X-Codex-Primary-Reset-At", strconv.FormatInt(resets.Unix(), 10))
			w.Header().Set("X-Cpa-Trace-Id", "20260916005844-a42ae2a9f932510a-0ab661bf")
			routertest.WriteError(w, http.StatusTooManyRequests)
		})
	if got := s.State().Quota; len(got) != 0 {
		t.Errorf("before: %+v", got)
	}
	s.Chat("m")
	got := s.State().Quota
	if len(got) != 1 || got[0].Name != "5h" || *got[0].UsedShare != 0.4 || got[0].Account != "a42ae2a9f932510a" ||
		got[0].Deployment != "m-ok" || !got[0].ObservedAt.Equal(clk.Now()) || got[0].RunsOutAt != nil {
		t.Errorf("%+v", got)
	}
	clk.Advance(time.Hour)
	if got := s.State().Quota; len(got) != 0 {
		t.Errorf("after the reset: %+v", got)
	}
}

func TestARouterThatLeavesIsNotReadyAndAnswersAllTheSame(t *testing.T) {
	t.Parallel()
	s := routertest.Start(t, routertest.Groups(routertest.WithoutCooldowns, "m: ok"), router.Options{})
	ready := func() int { return s.Send("GET", "/health/readiness", "", nil).Status }
	if got := ready(); got != http.StatusOK {
		t.Errorf("before: %d", got)
	}
	s.Router.Leave()
	if got := ready(); got != http.StatusServiceUnavailable {
		t.Errorf("after: %d", got)
	}
	if got := s.Send("GET", "/health/liveness", "", nil).Status; got != http.StatusOK {
		t.Errorf("liveness: %d", got)
	}
	if got := s.Chat("m"); got.Status != http.StatusOK {
		t.Errorf("a request that comes all the same: %d", got.Status)
	}
}
