package tally_test

import (
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/internal/router/tally"
)

func TestTwoRoutersComeToTheSameSums(t *testing.T) {
	t.Parallel()
	var a, b tally.Tally
	if !a.Add(2, 10) || a.Add(1, 0) {
		t.Error("Add does not say when there is something to take")
	}
	p, ok := a.Take(time.Minute, false)
	if want := (tally.Part{Left: time.Minute, Added: tally.Sums{3, 10}}); !ok || p != want {
		t.Fatalf("%+v, %v", p, ok)
	}
	b.Add(5, 1)
	for _, r := range []*tally.Tally{&a, &b} { // Redis has a's part, and gave the window its number
		if !r.Merge(tally.Total{Window: 7, Sums: tally.Sums{3, 10}}) {
			t.Error("the window is not new")
		}
	}
	if a.Sums != (tally.Sums{3, 10}) || b.Sums != (tally.Sums{8, 11}) {
		t.Errorf("%v, %v", a.Sums, b.Sums)
	}
	p, _ = b.Take(0, false)
	if want := (tally.Part{Window: 7, Known: tally.Sums{3, 10}, Added: tally.Sums{5, 1}}); p != want {
		t.Errorf("%+v", p)
	}
	a.Add(1, 1)
	a.Merge(tally.Total{Window: 7, Sums: tally.Sums{8, 11}})
	a.Merge(tally.Total{Window: 7, Sums: tally.Sums{3, 10}}) // late
	if a.Sums != (tally.Sums{9, 12}) {
		t.Errorf("%v", a.Sums)
	}
}

func TestAPartThatNobodyGotIsTakenAgain(t *testing.T) {
	t.Parallel()
	var a tally.Tally
	a.Add(2, 0)
	p, _ := a.Take(0, false)
	if _, ok := a.Take(0, false); ok {
		t.Error("it is taken twice")
	}
	a.GiveBack(p)
	if again, ok := a.Take(0, false); !ok || again != p {
		t.Errorf("%+v, %v", again, ok)
	}
	a.Start(9)
	a.GiveBack(p)
	if _, ok := a.Take(0, false); ok {
		t.Error("what was counted in a window that is over comes back")
	}
}

func TestWhatRedisLostIsTold(t *testing.T) {
	t.Parallel()
	var a tally.Tally
	if _, ok := a.Take(0, true); ok {
		t.Error("nothing is something")
	}
	a.Merge(tally.Total{Window: 3, Sums: tally.Sums{4, 5}})
	p, ok := a.Take(time.Second, true)
	if want := (tally.Part{Window: 3, Left: time.Second, Known: tally.Sums{4, 5}}); !ok || p != want {
		t.Errorf("%+v, %v", p, ok)
	}
}

func TestALaterWindowReplacesAnEarlierOne(t *testing.T) {
	t.Parallel()
	var a tally.Tally
	a.Start(3)
	a.Add(4, 4)
	a.Merge(tally.Total{Window: 2, Sums: tally.Sums{100, 100}})
	if a.Sums != (tally.Sums{4, 4}) {
		t.Errorf("an earlier window counts: %v", a.Sums)
	}
	a.Take(0, false)
	a.Add(1, 0)
	if !a.Merge(tally.Total{Window: 4, Sums: tally.Sums{2, 2}}) || a.Sums != (tally.Sums{3, 2}) || a.Window != 4 {
		t.Errorf("%+v", a)
	}
}

func TestWhatWasTakenBeforeTheWindowHadANumberCountsForIt(t *testing.T) {
	t.Parallel()
	var a tally.Tally
	a.Add(4, 0)
	a.Take(0, false) // on its way to Redis
	a.Add(1, 0)
	if !a.Merge(tally.Total{Window: 9, Sums: tally.Sums{2, 0}}) || a.Sums != (tally.Sums{5, 0}) {
		t.Errorf("%+v: another router gave the window its number", a)
	}
}

func TestAClockIsAhead(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	var none *tally.Clock
	var c tally.Clock
	c.Set(-time.Minute)
	if !none.At(now).Equal(now) || !c.At(now).Equal(now.Add(-time.Minute)) {
		t.Error(none.At(now), c.At(now))
	}
}
