package renewal_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/internal/router/renewal"
)

var begin = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

func TestAValueIsRenewedBeforeItsEnd(t *testing.T) {
	t.Parallel()
	made, broken := 0, false
	v := renewal.New(func(context.Context) (int, time.Time, error) {
		if broken {
			return 0, time.Time{}, errors.New("down")
		}
		made++
		return made, begin.Add(time.Duration(made) * time.Hour), nil
	})
	for _, c := range []struct {
		after  time.Duration
		broken bool
		want   int // 0: an error
	}{
		{0, false, 1}, {54 * time.Minute, false, 1}, {55 * time.Minute, true, 1}, // it cannot be renewed, and serves on
		{55*time.Minute + time.Second, false, 1}, {56 * time.Minute, false, 2}, {114 * time.Minute, false, 2},
		{2 * time.Hour, true, 0}, {2 * time.Hour, false, 3},
	} {
		broken = c.broken
		if got, err := v.Get(t.Context(), begin.Add(c.after)); got != c.want || (err != nil) != (c.want == 0) {
			t.Errorf("after %v: %d, %v, not %d", c.after, got, err, c.want)
		}
	}
}

func TestAValueOfAShortLifeIsNotRenewedEachTime(t *testing.T) {
	t.Parallel()
	made := 0
	v := renewal.New(func(context.Context) (int, time.Time, error) {
		made++
		return made, begin.Add(time.Minute), nil
	})
	for _, after := range []time.Duration{0, 44 * time.Second} {
		if got, err := v.Get(t.Context(), begin.Add(after)); got != 1 || err != nil {
			t.Errorf("after %v: %d, %v", after, got, err)
		}
	}
}

func TestOnlyAValueThatEndsMayDifferTheNextTime(t *testing.T) {
	t.Parallel()
	for _, end := range []time.Time{{}, begin.Add(time.Hour)} {
		made := 0
		v := renewal.New(func(context.Context) (int, time.Time, error) { made++; return made, end, nil })
		if v.Forget() {
			t.Error("there was nothing to forget")
		}
		for want := 1; want < 3; want++ {
			if got, err := v.Get(t.Context(), begin); got != want || err != nil {
				t.Errorf("%d, %v, not %d", got, err, want)
			}
			if v.Forget() == end.IsZero() {
				t.Errorf("a value that ends at %v", end)
			}
		}
	}
}

func TestManyWaitForOneRenewal(t *testing.T) {
	t.Parallel()
	var made atomic.Int32
	started, release := make(chan struct{}), make(chan struct{})
	v := renewal.New(func(ctx context.Context) (int32, time.Time, error) {
		close(started)
		<-release
		return made.Add(1), begin.Add(time.Hour), ctx.Err()
	})
	leaving, leave := context.WithCancel(t.Context())
	var all sync.WaitGroup
	all.Go(func() { // the renewal goes on, although who began it leaves
		if got, err := v.Get(leaving, begin); got != 1 || err != nil {
			t.Errorf("%d, %v", got, err)
		}
	})
	<-started
	leave()
	if _, err := v.Get(leaving, begin); !errors.Is(err, context.Canceled) {
		t.Errorf("who has left waits: %v", err)
	}
	for range 8 {
		all.Go(func() {
			if got, err := v.Get(t.Context(), begin); got != 1 || err != nil {
				t.Errorf("%d, %v", got, err)
			}
		})
	}
	close(release)
	all.Wait()
}

func TestAValueWithoutAnEndIsMadeOnce(t *testing.T) {
	t.Parallel()
	made := 0
	v := renewal.New(func(context.Context) (int, time.Time, error) {
		made++
		return made, time.Time{}, nil
	})
	now := time.Now()
	for _, after := range []time.Duration{0, time.Second, 10000 * time.Hour} {
		if got, err := v.Get(t.Context(), now.Add(after)); got != 1 || err != nil {
			t.Errorf("after %v: %d, %v", after, got, err)
		}
	}
	if v.Forget() {
		t.Error("another one would be the same")
	}
	if got, err := v.Get(t.Context(), now); got != 2 || err != nil {
		t.Errorf("%d, %v", got, err)
	}
}

func TestAValueThatEndedIsNoneUntilItIsMadeAgain(t *testing.T) {
	t.Parallel()
	fails := false
	v := renewal.New(func(context.Context) (int, time.Time, error) {
		if fails {
			return 0, time.Time{}, errors.New("down")
		}
		return 1, time.Unix(1000, 0), nil
	})
	if got, err := v.Get(t.Context(), time.Unix(0, 0)); got != 1 || err != nil {
		t.Fatalf("%d, %v", got, err)
	}
	fails = true
	if got, err := v.Get(t.Context(), time.Unix(2000, 0)); err == nil {
		t.Errorf("%d after its end", got)
	}
	if v.Forget() {
		t.Error("there is none that another one could replace")
	}
}
