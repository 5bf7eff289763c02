package router_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/internal/router"
	"github.com/flowgate-go/flowgate/internal/router/routertest"
)

// withDialect makes all deployments of a configuration of groups speak one dialect.
func withDialect(dialect, yaml string) string {
	return strings.ReplaceAll(yaml, "model_info: {id:", "model_info: {speaks: ["+dialect+"], id:")
}

// spoken are the dialects that are translated: their path, and a request without its model and braces.
var spoken = map[string]struct{ path, rest, failed, end string }{
	"chat": {"/v1/chat/completions", `"messages":[{"role":"user","content":"hi"}]`, `data: {"error":`,
		"data: [DONE]\n\n"},
	"messages": {"/v1/messages", `"max_tokens":16,"messages":[{"role":"user","content":"hi"}]`, "event: error\n",
		"event: message_stop\n"},
	"responses": {"/v1/responses", `"input":"hi"`, "event: response.failed\n", "event: response.completed\n"},
	"gemini": {"/v1beta/models/MODEL:streamGenerateContent?alt=sse", `"contents":[{"parts":[{"text":"hi"}]}]`,
		"{\"error\":{\"code\":", `"finishReason":"STOP"`},
}

// translations calls visit for each pair of a client's and an upstream's dialect.
func translations(t *testing.T, visit func(t *testing.T, client, upstream string)) {
	t.Helper()
	for client := range spoken {
		for upstream := range spoken {
			if client != upstream && upstream != "gemini" { // it is a client's dialect only
				t.Run(client+" over "+upstream, func(t *testing.T) { t.Parallel(); visit(t, client, upstream) })
			}
		}
	}
}

// streamRequest returns the path and the body of a streamed request of a dialect.
func streamRequest(dialect, model string, more ...string) (path, body string) {
	d := spoken[dialect]
	head := `{"stream":true,"model":"` + model + `",`
	if dialect == "gemini" {
		head = "{"
	}
	return strings.ReplaceAll(d.path, "MODEL", model), head + d.rest + strings.Join(more, "") + "}"
}

// ask sends a streamed request of a dialect.
func ask(s *routertest.Stack, dialect, model string, more ...string) routertest.Reply {
	s.T.Helper()
	path, body := streamRequest(dialect, model, more...)
	return s.Send("POST", path, body, nil)
}

func TestTranslatedStreamsEndAsTheirDialectDoes(t *testing.T) {
	t.Parallel()
	translations(t, func(t *testing.T, client, upstream string) {
		s := routertest.Start(t, withDialect(upstream, routertest.Groups(routertest.WithoutRetries+routertest.WithoutCooldowns, "ok: up", "nodone: nodone", "cut: cut", "err: errstream",
			"pause: pausemid | timeout: 1.5")), router.Options{})
		d := spoken[client]
		for model, good := range map[string]bool{"ok": true, "nodone": true, "cut": false, "err": false, "pause": false} {
			if model == "err" && upstream == "responses" {
				continue // the script has no such event there
			}
			before := s.CountFailures()
			got := ask(s, client, model)
			if got.Status != 200 || got.Header.Get("Content-Type") != "text/event-stream; charset=utf-8" ||
				!strings.Contains(got.Body, "w1 ") {
				t.Errorf("%s: %d %v %s", model, got.Status, got.Header, got.Body)
			}
			if n := strings.Count(got.Body, d.end); (n == 1) != good || n > 1 {
				t.Errorf("%s: ended %d times: %s", model, n, got.Body)
			}
			if n := strings.Count(got.Body, d.failed); (n == 0) != good || n > 1 {
				t.Errorf("%s: failed %d times: %s", model, n, got.Body)
			}
			if n := s.CountFailures() - before; (n == 0) != good || n > 1 {
				t.Errorf("%s: %d failures counted", model, n)
			}
		}
	})
}

func TestATranslatedStreamThatFailsBeforeItsFirstEventFallsBackToAnotherDialect(t *testing.T) {
	t.Parallel()
	translations(t, func(t *testing.T, client, upstream string) {
		for _, bad := range []string{"cut0", "errfirst", "fail-500", "html"} {
			if bad == "errfirst" && upstream == "responses" {
				continue // the script has no such event there
			}
			for other := range spoken {
				if other == "gemini" {
					continue // the scripted upstream has it not
				}
				first := withDialect(upstream, routertest.Groups("", "m: "+bad))
				yaml := strings.Replace(first, "general_settings",
					strings.TrimPrefix(withDialect(other, "  - {model_name: b, litellm_params: {model: openai/ok, api_base: "+
						"http://UP/v1, api_key: k}, model_info: {id: b}}\n"), "")+"general_settings", 1)
				s := routertest.Start(t, yaml+"router_settings: {disable_cooldowns: true, num_retries: 1, fallbacks: [{m: [b]}]}\n",
					router.Options{})
				got := ask(s, client, "m")
				if got.Status != 200 || !strings.Contains(got.Body, "w1 ") || strings.Count(got.Body, spoken[client].end) != 1 ||
					strings.Contains(got.Body, spoken[client].failed) ||
					!slices.Equal(s.Models(), []string{bad, bad, "ok"}) || s.CountFailures() != 2 {
					t.Errorf("%s, then %s: %d after %v, %d failures: %s", bad, other, got.Status, s.Models(), s.CountFailures(), got.Body)
				}
			}
		}
	})
}

func TestATranslatedStreamWithoutContentInTimeIs408(t *testing.T) {
	t.Parallel()
	translations(t, func(t *testing.T, client, upstream string) {
		up := routertest.Serve(t, func(_ int, w http.ResponseWriter, r *http.Request) { // comments are no content
			w.Header().Set("Content-Type", "text/event-stream")
			for r.Context().Err() == nil {
				fmt.Fprint(w, ": still here\n\n")
				w.(http.Flusher).Flush()
				time.Sleep(10 * time.Millisecond)
			}
		})
		for _, limit := range []string{"ttft_timeout: 0.2", "timeout: 0.2"} {
			s := routertest.StartAt(t, up.Addr(), withDialect(upstream, routertest.Groups(routertest.WithoutRetries, "m: x | "+limit)), router.Options{})
			begun := time.Now()
			got := ask(s, client, "m")
			if took := time.Since(begun); got.Status != 408 || took < 190*time.Millisecond {
				t.Errorf("%s: %d after %v: %s", limit, got.Status, took, got.Body)
			}
		}
		s := routertest.Start(t, withDialect(upstream, routertest.Groups(routertest.WithoutRetries, "m: ttfb4000 | stream_timeout: 0.2")), router.Options{})
		if got := ask(s, client, "m"); got.Status != 408 {
			t.Errorf("silence: %d: %s", got.Status, got.Body)
		}
	})
}

func TestTheUpstreamOfATranslatedStreamIsLeftWhenTheClientLeaves(t *testing.T) {
	t.Parallel()
	translations(t, func(t *testing.T, client, upstream string) {
		s := routertest.Start(t, withDialect(upstream, routertest.Groups("", "stream: pausemid", "wait: ttfb9000")), router.Options{})
		for model, up := range map[string]string{"stream": "pausemid", "wait": "ttfb9000"} {
			ctx, leave := context.WithCancel(t.Context())
			var owner sync.WaitGroup
			owner.Go(func() {
				path, body := streamRequest(client, model)
				req, err := http.NewRequestWithContext(ctx, "POST", s.URL+path, strings.NewReader(body))
				if err != nil {
					t.Error(err)
					return
				}
				req.Header.Set("Authorization", "Bearer sk-test")
				if res, err := http.DefaultTransport.RoundTrip(req); err == nil {
					_, _ = io.Copy(io.Discard, res.Body) // ends when the client leaves
					_ = res.Body.Close()
				}
			})
			routertest.Eventually(t, model+" reaches the upstream", func() bool { return slices.Contains(s.Models(), up) })
			leave()
			owner.Wait()
			routertest.Eventually(t, model+" is left", func() bool { return s.Upstream.Gone(up) == 1 })
		}
		routertest.Eventually(t, "nothing is held", func() bool { return s.Router.Held() == 0 })
		if n := s.CountFailures(); n != 0 {
			t.Errorf("a client that leaves is no failure of the deployment: %s", s.Log)
		}
	})
}

func TestASilentUpstreamOfATranslatedStreamIsCoveredByKeepAlives(t *testing.T) {
	t.Parallel()
	translations(t, func(t *testing.T, client, upstream string) {
		s := routertest.Start(t, withDialect(upstream, routertest.Groups("litellm_settings: {num_retries: 0, sse_keepalive_ping_interval_seconds: "+
			"0.1}\n", "good: ttfb900", "bad: ttfb900-cut0")), router.Options{})
		got := ask(s, client, "good")
		signs := strings.Repeat(routertest.KeepAlive, 2)
		if client == "gemini" { // Google's SDKs take a comment for an error
			if signs = "\n\n\n\n"; strings.Contains(got.Body, routertest.KeepAlive) {
				t.Errorf("a comment: %q", got.Body)
			}
		}
		if got.Status != 200 || !strings.Contains(got.Body, signs) || strings.Count(got.Body, spoken[client].end) != 1 ||
			strings.Contains(got.Body, spoken[client].failed) {
			t.Errorf("%d %q", got.Status, got.Body)
		}
		if got = ask(s, client, "bad"); got.Status != 200 || strings.Count(got.Body, spoken[client].failed) != 1 ||
			strings.Contains(got.Body, spoken[client].end) || s.CountFailures() != 1 {
			t.Errorf("%d, %d failures: %q", got.Status, s.CountFailures(), got.Body)
		}
	})
}

// TestEachTranslatedEventReachesTheClientWhenItIsSent would wait for ever if an event were held back.
func TestEachTranslatedEventReachesTheClientWhenItIsSent(t *testing.T) {
	t.Parallel()
	next := make(chan struct{})
	up := routertest.Serve(t, func(_ int, w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		for i := range 5 {
			fmt.Fprintf(w, "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"piece%d\"}}]}\n\n", i)
			w.(http.Flusher).Flush()
			<-next
		}
		fmt.Fprint(w, "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n")
	})
	s := routertest.StartAt(t, up.Addr(), withDialect("chat", routertest.Groups(routertest.WithoutRetries, "m: x")), router.Options{})
	for _, client := range []string{"messages", "responses", "gemini"} {
		path, body := streamRequest(client, "m")
		res := s.Open(t.Context(), path, body)
		lines := bufio.NewScanner(res.Body)
		for i := range 5 {
			for lines.Scan() && !strings.Contains(lines.Text(), fmt.Sprintf("piece%d", i)) {
			}
			next <- struct{}{}
		}
		for lines.Scan() {
		}
		if err := lines.Err(); err != nil {
			t.Errorf("%s: %v", client, err)
		}
		_ = res.Body.Close()
	}
}

// TestTheConnectionOfATranslatedStreamServesTheNextRequest asks one after the other.
func TestTheConnectionOfATranslatedStreamServesTheNextRequest(t *testing.T) {
	t.Parallel()
	var opened atomic.Int32
	up := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter,
		_ *http.Request) {
		writeText(w, `"stream":true`)
	}))
	up.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			opened.Add(1)
		}
	}
	up.Start()
	defer up.Close()
	s := routertest.StartAt(t, up.Listener.Addr().String(), withDialect("chat", routertest.Groups(routertest.WithoutRetries, "m: x")), router.Options{})
	for range 10 {
		if got := ask(s, "messages", "m"); !strings.Contains(got.Body, "message_stop") {
			t.Fatal(got.Body)
		}
	}
	if n := opened.Load(); n != 1 {
		t.Errorf("%d connections for ten streams", n)
	}
}

// TestAnUpstreamThatGoesOnAfterItsEndHoldsNoClient has one that never closes its stream.
func TestAnUpstreamThatGoesOnAfterItsEndHoldsNoClient(t *testing.T) {
	t.Parallel()
	up := routertest.Serve(t, func(_ int, w http.ResponseWriter, r *http.Request) {
		writeText(w, `"stream":true`)
		w.(http.Flusher).Flush()
		select {
		case <-r.Context().Done():
		case <-time.After(20 * time.Second):
			t.Error("the client waits for the upstream's end")
		}
	})
	s := routertest.StartAt(t, up.Addr(), withDialect("chat", routertest.Groups(routertest.WithoutRetries, "m: x")), router.Options{})
	if got := ask(s, "messages", "m"); !strings.Contains(got.Body, "message_stop") ||
		strings.Contains(got.Body, "event: error") || s.CountFailures() != 0 {
		t.Error(got.Body, s.Log)
	}
}
