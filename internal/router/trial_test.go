package router_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/internal/router"
	"github.com/flowgate-go/flowgate/internal/router/routertest"
)

func TestATrialThatHangsGivesWayToAnotherAfterTenSeconds(t *testing.T) {
	t.Parallel()
	clk := routertest.NewClock()
	hang := make(chan struct{})
	up := routertest.Serve(t, func(n int, w http.ResponseWriter, _ *http.Request) {
		switch n {
		case 0:
			routertest.WriteError(w, 500)
		case 1:
			<-hang
			routertest.WriteError(w, 500)
		default:
			routertest.WriteReply(w)
		}
	})
	s := routertest.StartAt(t, up.Addr(), routertest.OneDeployment(routertest.CooldownAtOnce), router.Options{Now: clk.Now})
	var asked time.Duration
	s.Router.SetAfter(func(d time.Duration) <-chan time.Time {
		asked = d
		over := make(chan time.Time, 1)
		over <- clk.Now()
		return over
	})
	s.Chat("m")
	clk.Advance(6 * time.Second)
	done := make(chan routertest.Reply)
	go func() { done <- s.Chat("m") }()
	routertest.Eventually(t, "the trial hangs", func() bool { return up.Calls() == 2 })
	clk.Advance(9 * time.Second)
	if got := s.Chat("m"); !got.IsCooling() || asked != 10*time.Second || got.Header.Get("Retry-After") != "1" {
		t.Errorf("who waited in vain: %d after %v, Retry-After %s", got.Status, asked, got.Header.Get("Retry-After"))
	}
	clk.Advance(time.Second)
	if got := s.Chat("m"); got.Status != 200 {
		t.Errorf("the second trial: %d", got.Status)
	}
	if got := s.Chat("m"); got.Status != 200 {
		t.Errorf("after a good trial: %d", got.Status)
	}
	close(hang)
	if got := <-done; got.Status != 500 {
		t.Errorf("the first trial: %d", got.Status)
	}
}
