package router_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/internal/router"
)

// Three requests are on their way when the second failure begins a cooldown.
// The third one counts towards the next, and a good trial forgets it.
func TestAFailureDuringACooldownNeitherExtendsItNorOutlivesAGoodTrial(t *testing.T) {
	t.Parallel()
	clk := newClock()
	var answer [3]chan struct{}
	for i := range answer {
		answer[i] = make(chan struct{})
	}
	ok := false
	up := play(t, func(n int, w http.ResponseWriter, _ *http.Request) {
		switch {
		case n < len(answer):
			<-answer[n]
			refuse(w, 500, "Retry-After: 10")
		case ok:
			good(w)
		default:
			refuse(w, 500, "Retry-After: 10")
		}
	})
	s := startAt(t, up.addr(), lone("router_settings: {allowed_fails: 1, cooldown_time: 60, num_retries: 0}\n"),
		router.Options{Now: clk.Now})
	done := make(chan reply)
	for i := range answer {
		go func() { done <- s.chat("m") }()
		eventually(t, "all are asked", func() bool { return up.calls() == i+1 })
	}
	for i, gate := range answer {
		if i == 2 {
			clk.pass(8 * time.Second)
		}
		close(gate)
		<-done
	}
	clk.pass(2 * time.Second)
	ok = true
	if got := s.chat("m"); got.status != 200 {
		t.Fatalf("10 s after the second failure: %d", got.status)
	}
	ok = false
	for i := range 2 {
		if got := s.chat("m"); got.status != 500 {
			t.Errorf("failure %d after the good trial: %d", i, got.status)
		}
	}
	if got := s.chat("m"); !isCooling(got) {
		t.Errorf("after two failures: %d", got.status)
	}
}

func TestAWaitWithoutAWindowIsNotTriedBeforeItsEnd(t *testing.T) {
	t.Parallel()
	clk := newClock()
	up := play(t, func(_ int, w http.ResponseWriter, _ *http.Request) { refuse(w, 429, "Retry-After: 3600") })
	s := startAt(t, up.addr(), lone(cooldowns), router.Options{Now: clk.Now})
	s.chat("m")
	for range 3 {
		clk.pass(16 * time.Minute)
		if got := s.chat("m"); !isCooling(got) || up.calls() != 1 {
			t.Errorf("%d after %d calls", got.status, up.calls())
		}
	}
}

func TestATrialsStreamThatBreaksAfterOthersSucceededIsOneFailure(t *testing.T) {
	t.Parallel()
	clk := newClock()
	next := make(chan struct{})
	up := play(t, func(n int, w http.ResponseWriter, _ *http.Request) {
		switch {
		case n < 3:
			refuse(w, 500)
		case n > 3:
			good(w)
		default:
			w.Header().Set("Content-Type", "text/event-stream")
			fmt.Fprint(w, "data: {\"model\":\"up\",\"choices\":[{\"delta\":{\"content\":\"hi\"}}]}\n\n")
			w.(http.Flusher).Flush()
			<-next
			panic(http.ErrAbortHandler)
		}
	})
	s := startAt(t, up.addr(), lone("router_settings: {allowed_fails: 2, cooldown_time: 5, num_retries: 0}\n"),
		router.Options{Now: clk.Now})
	for range 3 {
		s.chat("m")
	}
	clk.pass(6 * time.Second)
	done := make(chan reply)
	go func() { done <- s.chat("m", `,"stream":true`) }()
	eventually(t, "the stream begins", func() bool { return up.calls() == 4 })
	if got := s.chat("m"); got.status != 200 {
		t.Errorf("beside the stream: %d", got.status)
	}
	close(next)
	<-done
	if got := s.chat("m"); got.status != 200 || s.logged("stream failed") != 1 {
		t.Errorf("after the break: %d", got.status)
	}
}

func TestCountedTokensAreNoTrialAndNoSuccess(t *testing.T) {
	t.Parallel()
	clk := newClock()
	bad := true
	up := play(t, func(_ int, w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.HasSuffix(r.URL.Path, "count_tokens"):
			fmt.Fprint(w, `{"input_tokens":42}`)
		case bad:
			refuse(w, 500)
		default:
			good(w)
		}
	})
	// a sibling that is never chosen
	yaml := strings.Replace(lone("router_settings: {num_retries: 0}\n"), "general_settings",
		"  - {model_name: m, litellm_params: {model: openai/up, api_base: http://DOWN/v1, api_key: k, order: 2}, "+
			"model_info: {id: e}}\ngeneral_settings", 1)
	s := startAt(t, up.addr(), yaml, router.Options{Now: clk.Now})
	count := func() string {
		return s.send("POST", "/v1/messages/count_tokens", `{"model":"m","messages":[]}`, nil).body
	}
	for range 4 {
		s.chat("m")
	}
	for range 9 {
		if got := count(); !strings.Contains(got, "provider") {
			t.Fatal(got)
		}
	}
	s.chat("m")
	if n := strings.Count(s.log.String(), `"msg":"cooldown began","deployment":"d"`); n != 1 {
		t.Errorf("five failures of five began %d cooldowns: counted tokens are no requests", n)
	}
	clk.pass(6 * time.Second)
	calls := up.calls()
	if got := count(); strings.Contains(got, "provider") || up.calls() != calls {
		t.Errorf("counting was the trial: %s", got)
	}
	bad = false
	if got := s.chat("m"); got.status != 200 {
		t.Errorf("the trial: %d", got.status)
	}
	if got := count(); !strings.Contains(got, "provider") {
		t.Errorf("after the trial: %s", got)
	}
}
