package cooldown_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/internal/router"
	"github.com/flowgate-go/flowgate/internal/router/routertest"
)

// Three requests are on their way when the second failure begins a cooldown.
// The third one counts towards the next, and a good trial forgets it.
func TestAFailureDuringACooldownDoesNotExtendIt(t *testing.T) {
	t.Parallel()
	clk := routertest.NewClock()
	var answer [3]chan struct{}
	for i := range answer {
		answer[i] = make(chan struct{})
	}
	ok := false
	up := routertest.Serve(t, func(n int, w http.ResponseWriter, _ *http.Request) {
		switch {
		case n < len(answer):
			<-answer[n]
			routertest.WriteError(w, 500, "Retry-After: 10")
		case ok:
			routertest.WriteReply(w)
		default:
			routertest.WriteError(w, 500, "Retry-After: 10")
		}
	})
	s := routertest.StartAt(t, up.Addr(), routertest.OneDeployment("router_settings: {allowed_fails: 1, cooldown_time: 60, num_retries: 0}\n"),
		router.Options{Now: clk.Now})
	done := make(chan routertest.Reply)
	for i := range answer {
		go func() { done <- s.Chat("m") }()
		routertest.Eventually(t, "all are asked", func() bool { return up.Calls() == i+1 })
	}
	for i, gate := range answer {
		if i == 2 {
			clk.Advance(8 * time.Second)
		}
		close(gate)
		<-done
	}
	clk.Advance(2 * time.Second)
	ok = true
	if got := s.Chat("m"); got.Status != 200 {
		t.Fatalf("10 s after the second failure: %d", got.Status)
	}
	ok = false
	for i := range 2 {
		if got := s.Chat("m"); got.Status != 500 {
			t.Errorf("failure %d after the good trial: %d", i, got.Status)
		}
	}
	if got := s.Chat("m"); !got.IsCooling() {
		t.Errorf("after two failures: %d", got.Status)
	}
}

func TestAWaitWithoutAWindowIsNotTriedBeforeItsEnd(t *testing.T) {
	t.Parallel()
	clk := routertest.NewClock()
	up := routertest.Serve(t, func(_ int, w http.ResponseWriter, _ *http.Request) {
		routertest.WriteError(w, 429, "Retry-After: 3600")
	})
	s := routertest.StartAt(t, up.Addr(), routertest.OneDeployment(routertest.CooldownAtOnce), router.Options{Now: clk.Now})
	s.Chat("m")
	for range 3 {
		clk.Advance(16 * time.Minute)
		if got := s.Chat("m"); !got.IsCooling() || up.Calls() != 1 {
			t.Errorf("%d after %d calls", got.Status, up.Calls())
		}
	}
}

func TestATrialsStreamThatBreaksAfterOthersSucceededIsOneFailure(t *testing.T) {
	t.Parallel()
	clk := routertest.NewClock()
	next := make(chan struct{})
	up := routertest.Serve(t, func(n int, w http.ResponseWriter, _ *http.Request) {
		switch {
		case n < 3:
			routertest.WriteError(w, 500)
		case n > 3:
			routertest.WriteReply(w)
		default:
			w.Header().Set("Content-Type", "text/event-stream")
			fmt.Fprint(w, "data: {\"model\":\"up\",\"choices\":[{\"delta\":{\"content\":\"hi\"}}]}\n\n")
			w.(http.Flusher).Flush()
			<-next
			panic(http.ErrAbortHandler)
		}
	})
	s := routertest.StartAt(t, up.Addr(), routertest.OneDeployment("router_settings: {allowed_fails: 2, cooldown_time: 5, num_retries: 0}\n"),
		router.Options{Now: clk.Now})
	for range 3 {
		s.Chat("m")
	}
	clk.Advance(6 * time.Second)
	done := make(chan routertest.Reply)
	go func() { done <- s.Chat("m", `,"stream":true`) }()
	routertest.Eventually(t, "the stream begins", func() bool { return up.Calls() == 4 })
	if got := s.Chat("m"); got.Status != 200 {
		t.Errorf("beside the stream: %d", got.Status)
	}
	close(next)
	<-done
	if got := s.Chat("m"); got.Status != 200 || s.CountLogged("stream failed") != 1 {
		t.Errorf("after the break: %d", got.Status)
	}
}

func TestCountingTokensIsNeitherATrialNorASuccess(t *testing.T) {
	t.Parallel()
	clk := routertest.NewClock()
	bad := true
	up := routertest.Serve(t, func(_ int, w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.HasSuffix(r.URL.Path, "count_tokens"):
			fmt.Fprint(w, `{"input_tokens":42}`)
		case bad:
			routertest.WriteError(w, 500)
		default:
			routertest.WriteReply(w)
		}
	})
	// a sibling that is never chosen
	yaml := strings.Replace(routertest.OneDeployment("router_settings: {num_retries: 0}\n"), "general_settings",
		"  - {model_name: m, litellm_params: {model: openai/up, api_base: http://DOWN/v1, api_key: k, order: 2}, "+
			"model_info: {id: e}}\ngeneral_settings", 1)
	s := routertest.StartAt(t, up.Addr(), yaml, router.Options{Now: clk.Now})
	count := func() string {
		return s.Send("POST", "/v1/messages/count_tokens", `{"model":"m","messages":[]}`, nil).Body
	}
	for range 4 {
		s.Chat("m")
	}
	for range 9 {
		if got := count(); !strings.Contains(got, "provider") {
			t.Fatal(got)
		}
	}
	s.Chat("m")
	if n := strings.Count(s.Log.String(), `"msg":"cooldown began","deployment":"d"`); n != 1 {
		t.Errorf("five failures of five began %d cooldowns: counted tokens are no requests", n)
	}
	clk.Advance(6 * time.Second)
	calls := up.Calls()
	if got := count(); strings.Contains(got, "provider") || up.Calls() != calls {
		t.Errorf("counting was the trial: %s", got)
	}
	bad = false
	if got := s.Chat("m"); got.Status != 200 {
		t.Errorf("the trial: %d", got.Status)
	}
	if got := count(); !strings.Contains(got, "provider") {
		t.Errorf("after the trial: %s", got)
	}
}
