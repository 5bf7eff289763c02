package router_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/internal/router"
)

func (s *stack) state() router.State {
	s.t.Helper()
	got := s.send("GET", router.StatePath, "", nil)
	var state router.State
	if err := json.Unmarshal([]byte(got.body), &state); err != nil || got.status != 200 {
		s.t.Fatalf("%d %s: %v", got.status, got.body, err)
	}
	return state
}

func TestTheStateOfDeploymentsNeedsTheKey(t *testing.T) {
	t.Parallel()
	s := start(t, groups(calm, "m: ok"), router.Options{})
	for _, key := range []string{"", "Bearer wrong"} {
		if got := s.send("GET", router.StatePath, "",
			map[string]string{"Authorization": key}); got.status != http.StatusUnauthorized {
			t.Errorf("key %q: %d %s", key, got.status, got.body)
		}
	}
	if got := s.send("POST", router.StatePath, "", nil); got.status != http.StatusMethodNotAllowed {
		t.Errorf("POST: %d", got.status)
	}
}

func TestTheStateSaysWhatCoolsDownSinceWhenWhyAndUntilWhen(t *testing.T) {
	t.Parallel()
	clk := newClock()
	yaml := groups("router_settings: {allowed_fails: 0, cooldown_time: 30, num_retries: 0}\n", "m: fail-500 | order: 1",
		"m: ok | order: 2", "only: fail-503-ra120",
		"unset: x")
	at := strings.LastIndex(yaml, "k-secret")
	s := start(t, yaml[:at]+"os.environ/NOT_SET"+yaml[at+len("k-secret"):], router.Options{Now: clk.Now})
	want := router.State{Deployments: 4, Available: 3, UnavailableGroups: []string{"unset"}}
	if got := s.state(); got.Deployments != want.Deployments || got.Available != want.Available || len(got.Cooling) != 0 ||
		!slices.Equal(got.UnavailableGroups, want.UnavailableGroups) {
		t.Errorf("before: %+v", got)
	}
	s.chat("m")
	clk.pass(10 * time.Second)
	s.chat("only")
	now := newClock().now
	got := s.state()
	cooling := []router.Cooling{
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
	before := s.logged("cooldown ended")
	clk.pass(20 * time.Second)
	if got := s.state(); len(got.Cooling) != 1 || got.Available != 2 || s.logged("cooldown ended") != before {
		t.Errorf("after the first cooldown: %+v; to look must change nothing", got)
	}
}

func TestTheStateGivesTheCauseOfFailedConnections(t *testing.T) {
	t.Parallel()
	s := startAt(t, closedAddr(t), at("http://DOWN",
		"router_settings: {allowed_fails: 0, cooldown_time: 30, num_retries: 0}\n"), router.Options{})
	s.chat("m")
	if got := s.state(); len(got.Cooling) != 1 || got.Cooling[0].Cause != "refused" ||
		got.Cooling[0].Reason != "The connection was refused: start the upstream, or correct the port in api_base." {
		t.Errorf("%+v", got)
	}
}

func TestTheStateShowsATrialInProgress(t *testing.T) {
	t.Parallel()
	clk := newClock()
	next := make(chan struct{})
	up := play(t, failThen(500, func(w http.ResponseWriter) { <-next; good(w) }))
	s := startAt(t, up.addr(), lone(cooldowns), router.Options{Now: clk.Now})
	s.chat("m")
	clk.pass(5 * time.Second)
	done := make(chan reply)
	go func() { done <- s.chat("m") }()
	eventually(t, "the trial", func() bool { return up.calls() == 2 })
	if got := s.state(); len(got.Cooling) != 1 || !got.Cooling[0].Trial || len(got.UnavailableGroups) != 1 {
		t.Errorf("%+v", got)
	}
	close(next)
	if got := <-done; got.status != 200 || len(s.state().Cooling) != 0 {
		t.Errorf("%d %+v", got.status, s.state())
	}
}

func TestTheClientIsToldWhenTheFirstDeploymentComesBack(t *testing.T) {
	t.Parallel()
	s := start(t, groups("router_settings: {allowed_fails: 0, num_retries: 1}\n",
		"m: fail-500-ra40 fail-500-ra20 fail-500-ra30"), router.Options{Now: newClock().Now})
	for range 3 {
		s.chat("m")
	}
	if got := s.chat("m"); !isCooling(got) || got.header.Get("Retry-After") != "20" {
		t.Errorf("%d, Retry-After %s", got.status, got.header.Get("Retry-After"))
	}
}
