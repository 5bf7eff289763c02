package router_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/internal/router"
)

// budget is router_settings without cooldowns and with so many retries.
func budget(retries int) string {
	return fmt.Sprintf("router_settings: {disable_cooldowns: true, num_retries: %d}\n", retries)
}

func TestTheBackoffDoublesFromHalfASecondToEightAndAddsJitter(t *testing.T) {
	t.Parallel()
	const s, ms = time.Second, time.Millisecond
	for jitter, more := range map[float64]time.Duration{0: 0, 0.5: 375 * ms, 0.999: 749250 * time.Microsecond} {
		for model, waits := range map[string][]time.Duration{
			"fail-500":     {500 * ms, s, 2 * s, 4 * s, 8 * s, 8 * s, 8 * s},
			"fail-500-ra3": {3 * s, 3 * s, 3 * s, 3 * s, 3 * s, 3 * s, 3 * s},
		} {
			st := start(t, groups(budget(7), "m: "+model), router.Options{Rand: func() float64 { return jitter }})
			st.chat("m")
			want := make([]time.Duration, len(waits))
			for i, w := range waits {
				want[i] = w + more
			}
			if !slices.Equal(st.slept, want) || len(st.up.Calls()) != 8 {
				t.Errorf("%s, jitter %v: slept %v in %d calls, want %v", model, jitter, st.slept, len(st.up.Calls()), want)
			}
		}
	}
}

func TestARetryAfterUpToASecondIsWaitedForThoughAFallbackIsThere(t *testing.T) {
	t.Parallel()
	for after, want := range map[int]string{1: "fail-429-ra1 fail-429-ra1 ok", 2: "fail-429-ra2 ok"} {
		bad := fmt.Sprintf("fail-429-ra%d", after)
		for name, yaml := range map[string]string{
			"another group": groups("router_settings: {disable_cooldowns: true, num_retries: 1, fallbacks: [{m: [b]}]}\n",
				"m: "+bad, "b: ok"),
			"another order": groups(budget(1), "m: "+bad+" | order: 1", "m: ok | order: 2"),
		} {
			s := start(t, yaml, router.Options{})
			if got := s.chat("m"); got.status != 200 || strings.Join(s.models(), " ") != want {
				t.Errorf("%s, %d s: %d after %v, want %s", name, after, got.status, s.models(), want)
			}
		}
	}
}

func TestEveryFallbackHasItsOwnRetriesAndNoGroupIsAskedTwice(t *testing.T) {
	t.Parallel()
	var lines, chain, want []string
	for i := range 8 {
		lines = append(lines, fmt.Sprintf("g%d: fail-500-n%d", i, i))
		chain = append(chain, fmt.Sprintf("{g%d: [g%d]}", i, i+1))
	}
	for i := range 6 { // the first and five more
		want = append(want, fmt.Sprintf("fail-500-n%d", i), fmt.Sprintf("fail-500-n%d", i))
	}
	s := start(t, groups("router_settings: {disable_cooldowns: true, num_retries: 1, fallbacks: ["+strings.Join(chain[:7],
		", ")+"]}\n", lines...), router.Options{})
	if got := s.chat("g0"); got.status != 500 || !slices.Equal(s.models(), want) || len(s.slept) != 6 {
		t.Errorf("%d after %v, %d waits", got.status, s.models(), len(s.slept))
	}
	s = start(t, groups("router_settings: {disable_cooldowns: true, num_retries: 0, fallbacks: [{a: [b]}, {b: [a, c]}, "+
		"{c: [b]}]}\n", "a: fail-500-a", "b: fail-500-b", "c: fail-500-c"), router.Options{})
	if s.chat("a"); !slices.Equal(s.models(), []string{"fail-500-a", "fail-500-b", "fail-500-c"}) {
		t.Errorf("%v", s.models())
	}
}

func TestACooldownLastsFromItsFailureToItsEnd(t *testing.T) {
	t.Parallel()
	for setting, length := range map[string]time.Duration{"": 5 * time.Second,
		", cooldown_time: 0.5": 500 * time.Millisecond, ", cooldown_time: 90": 90 * time.Second} {
		clk := newClock()
		s := start(t, groups("router_settings: {allowed_fails: 0, num_retries: 0"+setting+"}\n", "m: fail-500"),
			router.Options{Now: clk.Now})
		s.chat("m")
		clk.pass(length - time.Millisecond)
		if got := s.chat("m"); !isCooling(got) {
			t.Errorf("%v: ended early", length)
		}
		clk.pass(time.Millisecond)
		if got := s.chat("m"); isCooling(got) {
			t.Errorf("%v: lasts longer", length)
		}
	}
}

func TestCooldownsCanBeTurnedOff(t *testing.T) {
	t.Parallel()
	s := start(t, groups(budget(0), "m: fail-429-ra600 ok"), router.Options{Now: newClock().Now, Rand: alternate()})
	for range 20 {
		s.chat("m")
	}
	if n := asked(s, "fail-429-ra600"); n != 10 {
		t.Errorf("asked %d times", n)
	}
}

func TestATrialThatHangsGivesWayToAnotherAfterTenSeconds(t *testing.T) {
	t.Parallel()
	clk := newClock()
	hang := make(chan struct{})
	up := play(t, func(n int, w http.ResponseWriter, _ *http.Request) {
		switch n {
		case 0:
			refuse(w, 500)
		case 1:
			<-hang
			refuse(w, 500)
		default:
			good(w)
		}
	})
	s := startAt(t, up.addr(), lone(cooldowns), router.Options{Now: clk.Now})
	var asked time.Duration
	s.router.SetAfter(func(d time.Duration) <-chan time.Time {
		asked = d
		over := make(chan time.Time, 1)
		over <- clk.Now()
		return over
	})
	s.chat("m")
	clk.pass(6 * time.Second)
	done := make(chan reply)
	go func() { done <- s.chat("m") }()
	eventually(t, "the trial hangs", func() bool { return up.calls() == 2 })
	clk.pass(9 * time.Second)
	if got := s.chat("m"); !isCooling(got) || asked != 10*time.Second || got.header.Get("Retry-After") != "1" {
		t.Errorf("who waited in vain: %d after %v, Retry-After %s", got.status, asked, got.header.Get("Retry-After"))
	}
	clk.pass(time.Second)
	if got := s.chat("m"); got.status != 200 {
		t.Errorf("the second trial: %d", got.status)
	}
	if got := s.chat("m"); got.status != 200 {
		t.Errorf("after a good trial: %d", got.status)
	}
	close(hang)
	if got := <-done; got.status != 500 {
		t.Errorf("the first trial: %d", got.status)
	}
}

func TestASiblingIsAskedAtOnceAndCountsAsARetry(t *testing.T) {
	t.Parallel()
	for retries, want := range map[int]int{0: 500, 1: 200} {
		s := start(t, groups(budget(retries), "m: fail-500 ok"), router.Options{Rand: func() float64 { return 0 }})
		if got := s.chat("m"); got.status != want || len(s.up.Calls()) != retries+1 || len(s.slept) != 0 {
			t.Errorf("%d retries: %d after %v, slept %v", retries, got.status, s.models(), s.slept)
		}
	}
}
