package router_test

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/internal/router"
)

// failThen answers the first request with status, the others as next says.
func failThen(status int, next func(w http.ResponseWriter)) func(int, http.ResponseWriter, *http.Request) {
	return func(n int, w http.ResponseWriter, _ *http.Request) {
		if n == 0 {
			refuse(w, status)
			return
		}
		next(w)
	}
}

func TestAfterACooldownOneRequestIsATrialAndTheOthersWaitForIt(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		trial    func(http.ResponseWriter)
		statuses []int
		calls    int
	}{
		"good":             {good, []int{200, 200, 200, 200, 200, 200}, 1 + 6},
		"bad":              {func(w http.ResponseWriter) { refuse(w, 500) }, []int{429, 429, 429, 429, 429, 500}, 1 + 1},
		"a client's fault": {func(w http.ResponseWriter) { refuse(w, 400) }, []int{400, 400, 400, 400, 400, 400}, 1 + 6},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			clk := newClock()
			var inside, together atomic.Int32
			next := make(chan struct{})
			up := play(t, failThen(500, func(w http.ResponseWriter) {
				if n := inside.Add(1); n > together.Load() {
					together.Store(n)
				}
				<-next
				inside.Add(-1)
				c.trial(w)
			}))
			s := startAt(t, up.addr(), lone(cooldowns), router.Options{Now: clk.Now})
			s.chat("m")
			clk.pass(4999 * time.Millisecond)
			if got := s.chat("m"); !isCooling(got) || got.header.Get("Retry-After") != "1" {
				t.Fatalf("before the end: %d %s", got.status, got.body)
			}
			clk.pass(time.Millisecond)
			done := make(chan []reply)
			go func() { done <- s.turns(6) }()
			eventually(t, "the trial reaches the upstream", func() bool { return up.calls() == 2 })
			time.Sleep(50 * time.Millisecond) // time for others to come through if they may
			if up.calls() != 2 || together.Load() != 1 {
				t.Errorf("%d requests during the trial", up.calls()-1)
			}
			close(next)
			if got := statuses(<-done); !slices.Equal(got, c.statuses) || up.calls() != c.calls {
				t.Errorf("statuses %v, %d calls; want %v, %d", got, up.calls(), c.statuses, c.calls)
			}
		})
	}
}

func TestAFailedTrialBeginsTheNextCooldownAndAGoodOneCountsAnew(t *testing.T) {
	t.Parallel()
	clk := newClock()
	bad := true
	up := play(t, func(_ int, w http.ResponseWriter, _ *http.Request) {
		if bad {
			refuse(w, 500)
			return
		}
		good(w)
	})
	s := startAt(t, up.addr(), lone("router_settings: {allowed_fails: 2, cooldown_time: 30, num_retries: 0}\n"),
		router.Options{Now: clk.Now})
	for range 3 {
		s.chat("m")
	}
	clk.pass(31 * time.Second)
	if got := s.chat("m"); got.status != 500 {
		t.Fatalf("the trial: %d", got.status)
	}
	if got := s.chat("m"); !isCooling(got) || got.header.Get("Retry-After") != "30" || up.calls() != 4 {
		t.Errorf("one failed trial is enough: %d after %d calls", got.status, up.calls())
	}
	clk.pass(31 * time.Second)
	bad = false
	s.chat("m")
	bad = true
	for i := range 3 {
		if got := s.chat("m"); got.status != 500 {
			t.Errorf("failure %d after the good trial: %d", i, got.status)
		}
	}
	if got := s.chat("m"); !isCooling(got) || up.calls() != 8 {
		t.Errorf("%d after %d calls", got.status, up.calls())
	}
}

func TestATrialThatTheClientLeavesLeavesTheTrialToTheNext(t *testing.T) {
	t.Parallel()
	clk := newClock()
	left := make(chan struct{})
	up := play(t, func(n int, w http.ResponseWriter, r *http.Request) {
		switch n {
		case 0:
			refuse(w, 500)
		case 1:
			_, _ = io.Copy(io.Discard, r.Body)
			<-r.Context().Done()
			close(left)
		default:
			good(w)
		}
	})
	s := startAt(t, up.addr(), lone(cooldowns), router.Options{Now: clk.Now})
	s.chat("m")
	clk.pass(6 * time.Second)
	req, err := http.NewRequest("POST", s.url+"/v1/chat/completions", strings.NewReader(`{"model":"m","messages":[]}`))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer sk-test")
	short := &http.Client{Timeout: 100 * time.Millisecond}
	if res, err := short.Do(req); err == nil {
		res.Body.Close()
		t.Fatal("answered")
	}
	<-left
	if got := s.chat("m"); got.status != 200 || up.calls() != 3 {
		t.Errorf("%d after %d calls: %s", got.status, up.calls(), got.body)
	}
}

func TestATrialDoesNotHoldUpRequestsThatCanGoElsewhere(t *testing.T) {
	t.Parallel()
	for name, yaml := range map[string]string{
		"sibling": groups("router_settings: {allowed_fails: 0, cooldown_time: 5, num_retries: 1}\n",
			"m: failfirst1-500-sleep1500 | order: 1", "m: ok | order: 2"),
		"fallback": groups("router_settings: {allowed_fails: 0, cooldown_time: 5, num_retries: 0, fallbacks: [{m: [b]}]}\n",
			"m: failfirst1-500-sleep1500", "b: ok"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			clk := newClock()
			s := start(t, yaml, router.Options{Now: clk.Now})
			s.chat("m") // fails slowly, and the other answers
			clk.pass(6 * time.Second)
			done := make(chan reply)
			go func() { done <- s.chat("m") }()
			eventually(t, "the trial", func() bool { return len(s.up.Calls()) == 3 })
			begun := time.Now()
			if got := s.chat("m"); got.status != 200 || time.Since(begun) > time.Second {
				t.Errorf("%d after %v", got.status, time.Since(begun))
			}
			if got := <-done; got.status != 200 || got.header.Get("x-litellm-model-id") != "m-failfirst1-500-sleep1500" {
				t.Errorf("the trial: %d by %s", got.status, got.header.Get("x-litellm-model-id"))
			}
		})
	}
}

func TestAStreamsFirstEventIsEnoughForATrialAndItsBreakFailsIt(t *testing.T) {
	t.Parallel()
	clk := newClock()
	next := make(chan struct{})
	up := play(t, func(n int, w http.ResponseWriter, _ *http.Request) {
		if n < 3 {
			refuse(w, 500)
			return
		}
		w.Header().Set("Content-Type", "text/event-stream")
		fmt.Fprint(w, "data: {\"model\":\"up\"}\n\n")
		w.(http.Flusher).Flush()
		<-next
		panic(http.ErrAbortHandler)
	})
	s := startAt(t, up.addr(), lone("router_settings: {allowed_fails: 2, cooldown_time: 5, num_retries: 0}\n"),
		router.Options{Now: clk.Now})
	for range 3 {
		s.chat("m")
	}
	clk.pass(6 * time.Second)
	done := make(chan reply, 2)
	for i := range 2 { // the second would wait if the first event were not enough
		go func() { done <- s.chat("m", `,"stream":true`) }()
		eventually(t, "the stream begins", func() bool { return up.calls() == i+4 })
	}
	close(next)
	for range 2 {
		if got := <-done; got.status != 200 {
			t.Errorf("%d", got.status)
		}
	}
	if got := s.chat("m"); !isCooling(got) {
		t.Errorf("the trial's stream broke and nothing else succeeded: %d", got.status)
	}
}

func TestTheLaterOfTwoOverlappingCooldownsCounts(t *testing.T) {
	t.Parallel()
	for name, order := range map[string][2]string{"long first": {"60", "5"}, "short first": {"5", "60"}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			clk := newClock()
			var both [2]chan struct{}
			for i := range both {
				both[i] = make(chan struct{})
			}
			up := play(t, func(n int, w http.ResponseWriter, _ *http.Request) {
				if n > 1 {
					good(w)
					return
				}
				<-both[n]
				refuse(w, 429, "Retry-After: "+order[n])
			})
			s := startAt(t, up.addr(), lone(cooldowns), router.Options{Now: clk.Now})
			done := make(chan reply)
			for i := range 2 {
				go func() { done <- s.chat("m") }()
				eventually(t, "both are asked", func() bool { return up.calls() == i+1 })
			}
			for i := range both {
				close(both[i])
				<-done
			}
			if got := s.chat("m"); !isCooling(got) || got.header.Get("Retry-After") != "60" {
				t.Errorf("%d, Retry-After %s", got.status, got.header.Get("Retry-After"))
			}
			clk.pass(59 * time.Second)
			if got := s.chat("m"); !isCooling(got) {
				t.Errorf("after 59 s: %d", got.status)
			}
			clk.pass(time.Second)
			if got := s.chat("m"); got.status != 200 {
				t.Errorf("after 60 s: %d", got.status)
			}
		})
	}
}

func TestALongWindowIsTriedEveryQuarterOfAnHour(t *testing.T) {
	t.Parallel()
	clk := newClock()
	up := play(t, func(_ int, w http.ResponseWriter, _ *http.Request) {
		refuse(w, 429, "Anthropic-Ratelimit-Unified-Reset: "+fmt.Sprint(newClock().now.Add(3*time.Hour).Unix()))
	})
	s := startAt(t, up.addr(), lone(cooldowns), router.Options{Now: clk.Now})
	first := s.chat("m")
	if first.header.Get("Retry-After") != "10800" {
		t.Errorf("the client is told %s s", first.header.Get("Retry-After"))
	}
	for i := range 11 {
		clk.pass(15*time.Minute - time.Second)
		if got := s.chat("m"); !isCooling(got) {
			t.Errorf("quarter %d: tried too early", i)
		}
		clk.pass(time.Second)
		if got := s.chat("m"); isCooling(got) || up.calls() != 2+i {
			t.Errorf("quarter %d: %d calls", i, up.calls())
		}
		if got := s.chat("m"); !isCooling(got) {
			t.Errorf("quarter %d: a second trial", i)
		}
	}
	if n := s.logged("cooldown began"); n != 1 {
		t.Errorf("the same window began %d times", n)
	}
}
