package router_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/internal/router"
	"github.com/flowgate-go/flowgate/internal/router/routertest"
)

func TestEachEventReachesTheClientWhenItIsSent(t *testing.T) {
	t.Parallel()
	next := make(chan struct{})
	up := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		for i := range 5 {
			fmt.Fprintf(w, "data: {\"model\":\"up\",\"n\":%d}\n\n", i)
			w.(http.Flusher).Flush()
			<-next
		}
		fmt.Fprint(w, "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n")
	}))
	defer up.Close()
	s := routertest.Start(t, strings.Replace(routertest.Minimal, "UP", strings.TrimPrefix(up.URL, "http://"), 1), router.Options{})
	res := s.Open(t.Context(), "/v1/chat/completions", `{"model":"m","stream":true,"messages":[]}`)
	defer res.Body.Close()
	lines := bufio.NewReader(res.Body)
	for i := range 5 {
		line, err := lines.ReadString('\n') // would wait forever if the event were held back
		if err != nil || line != fmt.Sprintf("data: {\"model\":\"m\",\"n\":%d}\n", i) {
			t.Fatalf("event %d: %q, %v", i, line, err)
		}
		if _, err := lines.ReadString('\n'); err != nil {
			t.Fatal(err)
		}
		next <- struct{}{}
	}
	if rest, err := io.ReadAll(lines); err != nil || !strings.HasSuffix(string(rest), "\"stop\"}]}\n\ndata: [DONE]\n\n") {
		t.Fatalf("end %q, %v", rest, err)
	}
}

func TestStreamsEndAsTheirDialectDoes(t *testing.T) {
	t.Parallel()
	s := routertest.Start(t, routertest.Groups(routertest.WithoutRetries, "ok: up", "nodone: nodone", "cut: cut", "err: errstream", "pause: pausemid | timeout: 1"),
		router.Options{})
	for path, rest := range map[string]string{"/v1/chat/completions": `"messages":[]`, "/v1/completions": `"prompt":1`,
		"/v1/responses": `"input":1`, "/v1/messages": `"messages":[],"max_tokens":1`} {
		completes := strings.Contains(path, "completions")
		for model, good := range map[string]bool{"ok": true, "nodone": true, "cut": false, "err": false, "pause": false} {
			if model == "err" && path == "/v1/responses" {
				continue // the script has no such event there
			}
			got := s.Send("POST", path, `{"stream":true,"model":"`+model+`",`+rest+`}`, nil)
			if got.Status != 200 || got.Header.Get("Content-Type") != "text/event-stream; charset=utf-8" {
				t.Errorf("%s %s: %d %v", path, model, got.Status, got.Header)
			}
			if done := strings.Count(got.Body, "data: [DONE]\n\n"); (done == 1) != (completes && good) || done > 1 {
				t.Errorf("%s %s: %d [DONE] in %s", path, model, done, got.Body)
			}
			if failed := strings.Contains(got.Body, `"error"`); failed == good || !strings.HasSuffix(got.Body, "}\n\n") &&
				!good {
				t.Errorf("%s %s: %s", path, model, got.Body)
			}
			if !strings.Contains(got.Body, "w1 ") || path != "/v1/responses" &&
				!strings.Contains(got.Body, `"model":"`+model+`"`) {
				t.Errorf("%s %s: %s", path, model, got.Body)
			}
		}
	}
}

func TestAStreamThatFailsBeforeItsFirstEventIsRetriedAndFallsBack(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{"cut0", "errfirst", "fail-500", "html"} {
		s := routertest.Start(t, routertest.Groups("router_settings: {disable_cooldowns: true, num_retries: 1, fallbacks: [{m: [b]}]}\n", "m: "+bad,
			"b: ok", "alone: "+bad), router.Options{})
		if got := s.Chat("m", `,"stream":true`); got.Status != 200 || !strings.Contains(got.Body, `"model":"m"`) ||
			!strings.HasSuffix(got.Body, "[DONE]\n\n") || len(s.Upstream.Calls()) != 3 {
			t.Errorf("%s: %d after %v: %s", bad, got.Status, s.Models(), got.Body)
		}
		want := map[string]int{"cut0": 500, "errfirst": 503, "fail-500": 500, "html": 502}[bad]
		if got := s.Chat("alone", `,"stream":true`); got.Status != want || !strings.HasPrefix(got.Body, `{"error"`) {
			t.Errorf("%s: %d %s, want %d", bad, got.Status, got.Body, want)
		}
	}
	s := routertest.Start(t, routertest.Groups(routertest.WithoutRetries, "m: errfirst"), router.Options{})
	if got := s.Messages("m", `,"stream":true`); got.Status != 529 || !strings.Contains(got.Body, `"overloaded_error"`) {
		t.Errorf("%d %s", got.Status, got.Body)
	}
}

func TestTimeoutsAre408OnEveryRoute(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ yaml, body, header string }{
		"deployment": {routertest.Groups(routertest.WithoutRetries, "m: sleep4000 | timeout: 0.2"), "", ""},
		"stream":     {routertest.Groups(routertest.WithoutRetries, "m: ttfb4000 | stream_timeout: 0.2"), `,"stream":true`, ""},
		"request_timeout": {routertest.Groups("litellm_settings: {num_retries: 0, request_timeout: 0.2}\nrouter_settings: {timeout: "+
			"3}\n", "m: sleep4000"), "", ""},
		"router timeout":     {routertest.Groups("router_settings: {num_retries: 0, timeout: 0.2}\n", "m: sleep4000"), "", ""},
		"client's header":    {routertest.Groups(routertest.WithoutRetries, "m: sleep4000"), "", "0.2"},
		"client's body":      {routertest.Groups(routertest.WithoutRetries, "m: sleep4000"), `,"timeout":0.2`, ""},
		"client asks longer": {routertest.Groups(routertest.WithoutRetries, "m: sleep4000 | timeout: 0.2"), `,"timeout":3`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := routertest.Start(t, c.yaml, router.Options{})
			for _, path := range []string{"/v1/chat/completions", "/v1/messages"} {
				begun := time.Now()
				got := s.Send("POST", path, `{"model":"m","max_tokens":1,"messages":[]`+c.body+`}`,
					map[string]string{"x-litellm-timeout": c.header})
				if took := time.Since(begun); got.Status != 408 || took < 190*time.Millisecond ||
					!strings.Contains(got.Body, "litellm.Timeout: ") || !strings.Contains(got.Body, "0.2") {
					t.Errorf("%s: %d after %v: %s", path, got.Status, took, got.Body)
				}
			}
		})
	}
}

func TestTheUpstreamIsLeftWhenTheClientLeaves(t *testing.T) {
	t.Parallel()
	s := routertest.Start(t, routertest.Groups("", "slow: sleep9000", "stream: pausemid", "wait: ttfb9000"), router.Options{})
	for model, up := range map[string]string{"slow": "sleep9000", "stream": "pausemid", "wait": "ttfb9000"} {
		ctx, leave := context.WithCancel(t.Context())
		var owner sync.WaitGroup
		owner.Go(func() {
			req, err := http.NewRequestWithContext(ctx, "POST", s.URL+"/v1/chat/completions",
				strings.NewReader(`{"messages":[],"model":"`+model+`","stream":`+strconv.FormatBool(model != "slow")+`}`))
			if err != nil {
				t.Error(err)
				return
			}
			req.Header.Set("Authorization", "Bearer sk-test")
			if res, err := routertest.Client.Do(req); err == nil {
				_, _ = io.Copy(io.Discard, res.Body) // ends when the client leaves
				_ = res.Body.Close()
			}
		})
		routertest.Eventually(t, model+" reaches the upstream", func() bool { return strings.Contains(fmt.Sprint(s.Models()), up) })
		leave()
		owner.Wait()
		routertest.Eventually(t, model+" is left", func() bool { return s.Upstream.Gone(up) == 1 })
	}
	if log := s.Log.String(); strings.Contains(log, "failed") {
		t.Errorf("a client that leaves is no failure of the deployment: %s", log)
	}
}

// TestNoStreamIsCut is short here; FLOWGATE_STREAMS=100000 makes it the proof of docs/benchmarks.md.
func TestNoStreamIsCut(t *testing.T) {
	t.Parallel()
	total := 640
	if n, err := strconv.Atoi(os.Getenv("FLOWGATE_STREAMS")); err == nil {
		total = n
	}
	up := httptest.NewServer(http.HandlerFunc(answerFixed))
	defer up.Close()
	s := routertest.Start(t, strings.Replace(routertest.Minimal, "UP", strings.TrimPrefix(up.URL, "http://"), 1), router.Options{})
	before := runtime.NumGoroutine()
	body := string(payload(30_000, true))
	var owner sync.WaitGroup
	for range 64 {
		owner.Go(func() {
			for range total / 64 {
				res := s.Open(t.Context(), "/v1/chat/completions", body)
				got, err := io.ReadAll(res.Body)
				_ = res.Body.Close()
				if err != nil || strings.Count(string(got), `"model":"m"`) != 20 ||
					!strings.HasSuffix(string(got), "data: [DONE]\n\n") {
					t.Errorf("cut: %v after %d bytes", err, len(got))
					return
				}
			}
		})
	}
	owner.Wait()
	if t.Failed() {
		return
	}
	routertest.Eventually(t, "idle connections close and nothing leaks", func() bool {
		_ = s.Router.Close()
		routertest.Client.CloseIdleConnections()
		return runtime.NumGoroutine() < before+200 // other tests run beside this one
	})
}
