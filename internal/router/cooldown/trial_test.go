package cooldown_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/internal/router"
	"github.com/flowgate-go/flowgate/internal/router/routertest"
)

func TestAfterACooldownOneRequestIsATrialAndTheOthersWaitForIt(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		trial    func(http.ResponseWriter)
		statuses []int
		calls    int
	}{
		"good":             {routertest.WriteReply, []int{200, 200, 200, 200, 200, 200}, 1 + 6},
		"bad":              {func(w http.ResponseWriter) { routertest.WriteError(w, 500) }, []int{429, 429, 429, 429, 429, 500}, 1 + 1},
		"a client's fault": {func(w http.ResponseWriter) { routertest.WriteError(w, 400) }, []int{400, 400, 400, 400, 400, 400}, 1 + 6},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			clk := routertest.NewClock()
			var inside, together atomic.Int32
			next := make(chan struct{})
			up := routertest.Serve(t, routertest.FailThen(500, func(w http.ResponseWriter) {
				if n := inside.Add(1); n > together.Load() {
					together.Store(n)
				}
				<-next
				inside.Add(-1)
				c.trial(w)
			}))
			s := routertest.StartAt(t, up.Addr(), routertest.OneDeployment(routertest.CooldownAtOnce), router.Options{Now: clk.Now})
			s.Chat("m")
			clk.Advance(4999 * time.Millisecond)
			if got := s.Chat("m"); !got.IsCooling() || got.Header.Get("Retry-After") != "1" {
				t.Fatalf("before the end: %d %s", got.Status, got.Body)
			}
			clk.Advance(time.Millisecond)
			done := make(chan []routertest.Reply)
			go func() { done <- s.ChatAtOnce(6) }()
			routertest.Eventually(t, "the trial reaches the upstream", func() bool { return up.Calls() == 2 })
			time.Sleep(50 * time.Millisecond) // time for others to come through if they may
			if up.Calls() != 2 || together.Load() != 1 {
				t.Errorf("%d requests during the trial", up.Calls()-1)
			}
			close(next)
			if got := routertest.Statuses(<-done); !slices.Equal(got, c.statuses) || up.Calls() != c.calls {
				t.Errorf("statuses %v, %d calls; want %v, %d", got, up.Calls(), c.statuses, c.calls)
			}
		})
	}
}

func TestAFailedTrialBeginsTheNextCooldownAndAGoodOneCountsAnew(t *testing.T) {
	t.Parallel()
	clk := routertest.NewClock()
	bad := true
	up := routertest.Serve(t, func(_ int, w http.ResponseWriter, _ *http.Request) {
		if bad {
			routertest.WriteError(w, 500)
			return
		}
		routertest.WriteReply(w)
	})
	s := routertest.StartAt(t, up.Addr(), routertest.OneDeployment("router_settings: {allowed_fails: 2, cooldown_time: 30, num_retries: 0}\n"),
		router.Options{Now: clk.Now})
	for range 3 {
		s.Chat("m")
	}
	clk.Advance(31 * time.Second)
	if got := s.Chat("m"); got.Status != 500 {
		t.Fatalf("the trial: %d", got.Status)
	}
	if got := s.Chat("m"); !got.IsCooling() || got.Header.Get("Retry-After") != "30" || up.Calls() != 4 {
		t.Errorf("one failed trial is enough: %d after %d calls", got.Status, up.Calls())
	}
	clk.Advance(31 * time.Second)
	bad = false
	s.Chat("m")
	bad = true
	for i := range 3 {
		if got := s.Chat("m"); got.Status != 500 {
			t.Errorf("failure %d after the good trial: %d", i, got.Status)
		}
	}
	if got := s.Chat("m"); !got.IsCooling() || up.Calls() != 8 {
		t.Errorf("%d after %d calls", got.Status, up.Calls())
	}
}

func TestATrialThatTheClientLeavesLeavesTheTrialToTheNext(t *testing.T) {
	t.Parallel()
	clk := routertest.NewClock()
	left := make(chan struct{})
	ctx, leave := context.WithCancel(t.Context())
	defer leave()
	up := routertest.Serve(t, func(n int, w http.ResponseWriter, r *http.Request) {
		switch n {
		case 0:
			routertest.WriteError(w, 500)
		case 1:
			_, _ = io.Copy(io.Discard, r.Body)
			leave()
			<-r.Context().Done()
			close(left)
		default:
			routertest.WriteReply(w)
		}
	})
	s := routertest.StartAt(t, up.Addr(), routertest.OneDeployment(routertest.CooldownAtOnce), router.Options{Now: clk.Now})
	s.Chat("m")
	clk.Advance(6 * time.Second)
	req, err := http.NewRequestWithContext(ctx, "POST", s.URL+"/v1/chat/completions",
		strings.NewReader(`{"model":"m","messages":[]}`))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer sk-test")
	if res, err := routertest.Client.Do(req); err == nil {
		res.Body.Close()
		t.Fatal("answered")
	}
	<-left
	if got := s.Chat("m"); got.Status != 200 || up.Calls() != 3 {
		t.Errorf("%d after %d calls: %s", got.Status, up.Calls(), got.Body)
	}
}

func TestATrialDoesNotHoldUpRequestsThatCanGoElsewhere(t *testing.T) {
	t.Parallel()
	for name, yaml := range map[string]string{
		"sibling": routertest.Groups("router_settings: {allowed_fails: 0, cooldown_time: 5, num_retries: 1}\n",
			"m: bad | order: 1", "m: ok | order: 2"),
		"fallback": routertest.Groups("router_settings: {allowed_fails: 0, cooldown_time: 5, num_retries: 0, fallbacks: [{m: [b]}]}\n",
			"m: bad", "b: ok"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var asked atomic.Int32
			answered := make(chan struct{}) // the other request
			clk := routertest.NewClock()
			s := routertest.StartBefore(t, yaml, router.Options{Now: clk.Now}, func(w http.ResponseWriter, r *http.Request) {
				if body, _ := io.ReadAll(r.Body); !strings.Contains(string(body), `"bad"`) {
					routertest.WriteReply(w)
					return
				}
				if asked.Add(1) == 1 {
					routertest.WriteError(w, 500)
					return
				}
				select {
				case <-answered:
				case <-time.After(20 * time.Second):
					t.Error("the other request waited for the trial")
				}
				routertest.WriteReply(w)
			})
			s.Chat("m") // fails, and the other answers
			clk.Advance(6 * time.Second)
			done := make(chan routertest.Reply)
			go func() { done <- s.Chat("m") }()
			routertest.Eventually(t, "the trial", func() bool { return asked.Load() == 2 })
			if got := s.Chat("m"); got.Status != 200 || got.Header.Get("x-litellm-model-id") == "m-bad" {
				t.Errorf("%d by %s", got.Status, got.Header.Get("x-litellm-model-id"))
			}
			close(answered)
			if got := <-done; got.Status != 200 || got.Header.Get("x-litellm-model-id") != "m-bad" {
				t.Errorf("the trial: %d by %s", got.Status, got.Header.Get("x-litellm-model-id"))
			}
		})
	}
}

func TestAStreamsFirstEventIsEnoughForATrialAndItsBreakFailsIt(t *testing.T) {
	t.Parallel()
	clk := routertest.NewClock()
	next := make(chan struct{})
	up := routertest.Serve(t, func(n int, w http.ResponseWriter, _ *http.Request) {
		if n < 3 {
			routertest.WriteError(w, 500)
			return
		}
		w.Header().Set("Content-Type", "text/event-stream")
		fmt.Fprint(w, "data: {\"model\":\"up\"}\n\n")
		w.(http.Flusher).Flush()
		<-next
		panic(http.ErrAbortHandler)
	})
	s := routertest.StartAt(t, up.Addr(), routertest.OneDeployment("router_settings: {allowed_fails: 2, cooldown_time: 5, num_retries: 0}\n"),
		router.Options{Now: clk.Now})
	for range 3 {
		s.Chat("m")
	}
	clk.Advance(6 * time.Second)
	done := make(chan routertest.Reply, 2)
	for i := range 2 { // the second would wait if the first event were not enough
		go func() { done <- s.Chat("m", `,"stream":true`) }()
		routertest.Eventually(t, "the stream begins", func() bool { return up.Calls() == i+4 })
	}
	close(next)
	for range 2 {
		if got := <-done; got.Status != 200 {
			t.Errorf("%d", got.Status)
		}
	}
	if got := s.Chat("m"); !got.IsCooling() {
		t.Errorf("the trial's stream broke and nothing else succeeded: %d", got.Status)
	}
}

func TestTheLaterOfTwoOverlappingCooldownsCounts(t *testing.T) {
	t.Parallel()
	for name, order := range map[string][2]string{"long first": {"60", "5"}, "short first": {"5", "60"}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			clk := routertest.NewClock()
			var both [2]chan struct{}
			for i := range both {
				both[i] = make(chan struct{})
			}
			up := routertest.Serve(t, func(n int, w http.ResponseWriter, _ *http.Request) {
				if n > 1 {
					routertest.WriteReply(w)
					return
				}
				<-both[n]
				routertest.WriteError(w, 429, "Retry-After: "+order[n])
			})
			s := routertest.StartAt(t, up.Addr(), routertest.OneDeployment(routertest.CooldownAtOnce), router.Options{Now: clk.Now})
			done := make(chan routertest.Reply)
			for i := range 2 {
				go func() { done <- s.Chat("m") }()
				routertest.Eventually(t, "both are asked", func() bool { return up.Calls() == i+1 })
			}
			for i := range both {
				close(both[i])
				<-done
			}
			if got := s.Chat("m"); !got.IsCooling() || got.Header.Get("Retry-After") != "60" {
				t.Errorf("%d, Retry-After %s", got.Status, got.Header.Get("Retry-After"))
			}
			clk.Advance(59 * time.Second)
			if got := s.Chat("m"); !got.IsCooling() {
				t.Errorf("after 59 s: %d", got.Status)
			}
			clk.Advance(time.Second)
			if got := s.Chat("m"); got.Status != 200 {
				t.Errorf("after 60 s: %d", got.Status)
			}
		})
	}
}

func TestALongWindowIsTriedEveryQuarterOfAnHour(t *testing.T) {
	t.Parallel()
	clk := routertest.NewClock()
	up := routertest.Serve(t, func(_ int, w http.ResponseWriter, _ *http.Request) {
		routertest.WriteError(w, 429, "Anthropic-Ratelimit-Unified-Reset: "+fmt.Sprint(routertest.NewClock().Now().Add(3*time.Hour).Unix()))
	})
	s := routertest.StartAt(t, up.Addr(), routertest.OneDeployment(routertest.CooldownAtOnce), router.Options{Now: clk.Now})
	first := s.Chat("m")
	if first.Header.Get("Retry-After") != "10800" {
		t.Errorf("the client is told %s s", first.Header.Get("Retry-After"))
	}
	for i := range 11 {
		clk.Advance(15*time.Minute - time.Second)
		if got := s.Chat("m"); !got.IsCooling() {
			t.Errorf("quarter %d: tried too early", i)
		}
		clk.Advance(time.Second)
		if got := s.Chat("m"); got.IsCooling() || up.Calls() != 2+i {
			t.Errorf("quarter %d: %d calls", i, up.Calls())
		}
		if got := s.Chat("m"); !got.IsCooling() {
			t.Errorf("quarter %d: a second trial", i)
		}
	}
	if n := s.CountLogged("cooldown began"); n != 1 {
		t.Errorf("the same window began %d times", n)
	}
}
