package usage_test

import (
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/internal/router/tally"
	"github.com/flowgate-go/flowgate/internal/router/usage"
)

func TestRoutersWhoseClocksDifferCountTheSameMinute(t *testing.T) {
	t.Parallel()
	atRedis := time.Date(2026, 1, 2, 3, 4, 50, 0, time.UTC)
	var states [2]usage.State
	var here [2]time.Time
	for i, ahead := range []time.Duration{-time.Minute, 0} { // the first machine's clock is a minute ahead of Redis
		var clock tally.Clock
		clock.Set(ahead)
		here[i] = atRedis.Add(-ahead)
		states[i].Share(usage.Sharing{Clock: &clock, CountsChanged: func() {}, FlightChanged: func() {}})
	}
	states[0].Begin(here[0])
	states[0].AddTokens(here[0], 30)
	p, ok := states[0].Take(here[0], false)
	if want := (tally.Part{Window: atRedis.Unix() / 60, Left: 10 * time.Second, Added: tally.Sums{1, 30}}); !ok || p != want {
		t.Fatalf("%+v, want %+v", p, want)
	}
	states[1].Begin(here[1])
	states[1].Merge(here[1], tally.Total{Window: p.Window, Sums: p.Added})
	if requests, tokens := states[1].Minute(here[1]); requests != 2 || tokens != 30 {
		t.Errorf("%d, %d", requests, tokens)
	}
	if requests, _ := states[1].Minute(here[1].Add(10 * time.Second)); requests != 0 {
		t.Errorf("in the next minute: %d", requests)
	}
}

func TestAClockThatGoesBackKeepsTheCounts(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 2, 3, 4, 50, 0, time.UTC)
	var clock tally.Clock
	var s usage.State
	s.Share(usage.Sharing{Clock: &clock, CountsChanged: func() {}, FlightChanged: func() {}})
	s.Begin(now)
	clock.Set(-time.Minute)
	s.Rebase(now)
	s.Merge(now, tally.Total{Window: now.Unix()/60 - 1, Sums: tally.Sums{5, 0}})
	if requests, _ := s.Minute(now); requests != 6 {
		t.Error(requests)
	}
}

func TestRequestsInFlightOfOthersCount(t *testing.T) {
	t.Parallel()
	var s usage.State
	told := 0
	s.Share(usage.Sharing{CountsChanged: func() {}, FlightChanged: func() { told++ }})
	s.Begin(time.Now())
	s.SetOthers(4)
	if s.InFlight() != 5 || s.OwnInFlight() != 1 || told != 1 {
		t.Error(s.InFlight(), s.OwnInFlight(), told)
	}
	if s.End(); s.InFlight() != 4 || told != 2 {
		t.Error(s.InFlight(), told)
	}
}
