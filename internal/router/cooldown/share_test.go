package cooldown_test

import (
	"log/slog"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/internal/router/cooldown"
	"github.com/flowgate-go/flowgate/internal/router/routertest"
	"github.com/flowgate-go/flowgate/internal/router/settings"
)

// replica is one of several routers' view of a deployment.
type replica struct {
	policy cooldown.Policy
	state  cooldown.State
	said   []cooldown.Event
}

// newReplica returns a router at the time of a clock.
func newReplica(clk *routertest.Clock) *replica {
	length := 10 * time.Second
	r := &replica{policy: cooldown.Policy{Rule: settings.CooldownRule{Length: &length}, Now: clk.Now,
		Logger: slog.New(slog.DiscardHandler)}}
	r.state.Deployment = &settings.Deployment{ID: "d", Group: "m"}
	r.policy.Announce = func(_ *cooldown.State, e cooldown.Event) { r.said = append(r.said, e) }
	return r
}

// tell has other apply what r said, and forgets that.
func (r *replica) tell(other *replica, isOnly bool) {
	for _, e := range r.said {
		other.policy.Honour(&other.state, e, 0.5, isOnly)
	}
	r.said = nil
}

// access returns whether r may send a request now.
func (r *replica) access() cooldown.Access {
	access, _ := r.state.Access(r.policy.Now())
	return access
}

// limited is a failure that begins a cooldown at once.
var limited = cooldown.Failure{Status: 429, Class: "RateLimitError"}

func TestACooldownOfOneRouterIsHonouredByAnother(t *testing.T) {
	t.Parallel()
	clk := routertest.NewClock()
	a, b := newReplica(clk), newReplica(clk)
	a.policy.CountFailure(&a.state, limited, false, nil)
	if len(a.said) != 1 || a.said[0].Kind != cooldown.Began || a.said[0].Left != 10*time.Second {
		t.Fatalf("said %+v", a.said)
	}
	clk.Advance(time.Second) // on the way to b
	a.said[0].Left -= time.Second
	a.tell(b, false)
	if b.access() != cooldown.Closed || b.state.Cooldown().Failure.Status != 429 || len(b.said) != 0 {
		t.Errorf("%v, %+v, said %+v", b.access(), b.state.Cooldown(), b.said)
	}
	if until := b.state.Cooldown().Until; !until.Equal(a.state.Cooldown().Until) {
		t.Errorf("until %v, want %v", until, a.state.Cooldown().Until)
	}
}

func TestFailuresAtTheSameTimeAreAnnouncedOnce(t *testing.T) {
	t.Parallel()
	clk := routertest.NewClock()
	a := newReplica(clk)
	for range 20 {
		a.policy.CountFailure(&a.state, limited, false, nil)
		clk.Advance(time.Millisecond)
	}
	if len(a.said) != 1 {
		t.Errorf("said %d times", len(a.said))
	}
	clk.Advance(50 * time.Millisecond)
	a.policy.CountFailure(&a.state, limited, false, nil)
	if len(a.said) != 2 {
		t.Errorf("an extension by 70 ms: said %d times", len(a.said))
	}
}

func TestTheRouterThatBeganACooldownHasTheFirstTrial(t *testing.T) {
	t.Parallel()
	clk := routertest.NewClock()
	a, b, only := newReplica(clk), newReplica(clk), newReplica(clk)
	a.policy.CountFailure(&a.state, limited, false, nil)
	said := a.said
	a.tell(b, false)
	a.said = said
	a.tell(only, true)
	clk.Advance(10 * time.Second)
	if a.access() != cooldown.OpenOnce || b.access() != cooldown.Closed || only.access() != cooldown.OpenOnce {
		t.Fatalf("at the end: %v, %v, %v", a.access(), b.access(), only.access())
	}
	trial, ok := a.policy.Admit(&a.state)
	if !ok || trial == nil {
		t.Fatal("no trial")
	}
	a.tell(b, false)
	waiting := b.state.RunningTrial(clk.Now())
	if b.access() != cooldown.Busy || waiting == nil {
		t.Fatalf("during the trial: %v", b.access())
	}
	a.policy.CountSuccess(&a.state, trial)
	a.tell(b, false)
	if a.access() != cooldown.Open || b.access() != cooldown.Open {
		t.Errorf("after a good trial: %v, %v", a.access(), b.access())
	}
	select {
	case <-waiting.Done():
	default:
		t.Error("requests still wait for the trial")
	}
}

func TestAFailedTrialCoolsAllRoutersDownAgain(t *testing.T) {
	t.Parallel()
	clk := routertest.NewClock()
	a, b := newReplica(clk), newReplica(clk)
	a.policy.CountFailure(&a.state, limited, false, nil)
	a.tell(b, false)
	clk.Advance(10 * time.Second)
	trial, _ := a.policy.Admit(&a.state)
	a.tell(b, false)
	a.policy.CountFailure(&a.state, cooldown.Failure{Status: 500}, false, trial)
	a.tell(b, false)
	if _, left := b.state.Access(clk.Now()); b.access() != cooldown.Closed || left != 10*time.Second {
		t.Errorf("%v, %v left", b.access(), left)
	}
}

func TestATrialThatEndsWithoutAResultLetsOthersTry(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(a *replica, trial *cooldown.Trial){
		"the client left": func(a *replica, trial *cooldown.Trial) { a.policy.CancelTrial(&a.state, trial) },
		"a harmless failure": func(a *replica, trial *cooldown.Trial) {
			a.policy.CountFailure(&a.state, cooldown.Failure{Status: 429, Harmless: true}, false, trial)
		},
		"the router died": func(*replica, *cooldown.Trial) {},
	} {
		clk := routertest.NewClock()
		a, b := newReplica(clk), newReplica(clk)
		a.policy.CountFailure(&a.state, limited, false, nil)
		a.tell(b, false)
		clk.Advance(11 * time.Second)
		trial, _ := a.policy.Admit(&a.state)
		a.tell(b, false)
		if b.access() != cooldown.Busy {
			t.Fatalf("%s: %v during the trial", name, b.access())
		}
		end(a, trial)
		if a.tell(b, false); name == "the router died" {
			clk.Advance(cooldown.TrialTimeout)
		}
		if b.access() != cooldown.OpenOnce {
			t.Errorf("%s: %v after it", name, b.access())
		}
	}
}

func TestOthersTryADeploymentWhoseRouterDoesNot(t *testing.T) {
	t.Parallel()
	clk := routertest.NewClock()
	a, b := newReplica(clk), newReplica(clk)
	a.policy.CountFailure(&a.state, limited, false, nil)
	a.tell(b, false)
	clk.Advance(10*time.Second + 500*time.Millisecond)
	if b.access() != cooldown.OpenOnce {
		t.Error(b.access())
	}
}

func TestAShorterCooldownOfAnotherRouterChangesNothing(t *testing.T) {
	t.Parallel()
	clk := routertest.NewClock()
	a := newReplica(clk)
	a.policy.CountFailure(&a.state, limited, false, nil)
	before := a.state.Cooldown()
	a.policy.Honour(&a.state, cooldown.Event{Kind: cooldown.Began, Left: time.Second, Failure: cooldown.Failure{Status: 500}},
		0.5, false)
	if after := a.state.Cooldown(); after != before {
		t.Errorf("%+v, want %+v", after, before)
	}
	a.policy.Rule.Disabled = true
	a.policy.Honour(&a.state, cooldown.Event{Kind: cooldown.Began, Left: time.Hour}, 0.5, false)
	if after := a.state.Cooldown(); after != before {
		t.Errorf("without cooldowns: %+v", after)
	}
}

func TestALimitOfHoursIsTriedWithinOnOtherRouters(t *testing.T) {
	t.Parallel()
	clk := routertest.NewClock()
	a, b := newReplica(clk), newReplica(clk)
	f := cooldown.Failure{Status: 429, RetryAfter: 5 * time.Hour, FromRateLimit: true}
	a.policy.CountFailure(&a.state, f, false, nil)
	a.tell(b, false)
	clk.Advance(15*time.Minute + time.Second)
	if b.access() != cooldown.OpenOnce {
		t.Error(b.access())
	}
}
