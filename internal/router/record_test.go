package router_test

import (
	"context"
	"fmt"
	"io"
	"math"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/flowgate-go/flowgate/internal/router"
	"github.com/flowgate-go/flowgate/internal/router/routertest"
	"github.com/flowgate-go/flowgate/internal/usage/record"
)

// rows keeps what a router noted of its requests.
type rows struct {
	mu   sync.Mutex
	list []record.Request
}

// add keeps a copy of what was noted.
func (r *rows) add(q *record.Request) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.list = append(r.list, *q)
}

// last waits for row n, from 1, and returns it: a client may have its reply before the row is there.
func (r *rows) last(t *testing.T, n int) record.Request {
	t.Helper()
	var got record.Request
	routertest.Eventually(t, fmt.Sprintf("row %d", n), func() bool {
		r.mu.Lock()
		defer r.mu.Unlock()
		if len(r.list) >= n {
			got = r.list[n-1]
		}
		return len(r.list) >= n
	})
	return got
}

// TestEveryRequestIsRecordedWithItsTokens asks on every route of conversations, whole and
// streamed, upstreams of each dialect.
func TestEveryRequestIsRecordedWithItsTokens(t *testing.T) {
	t.Parallel()
	var got rows
	s := routertest.Start(t, routertest.Groups("", "m: up", "c: a/claude-up"), router.Options{Recorder: got.add})
	n := 0
	for _, group := range []string{"m", "c"} {
		for _, path := range []string{"/v1/chat/completions", "/v1/messages", "/v1/responses"} {
			for _, stream := range []bool{false, true} {
				body := fmt.Sprintf(`{"model":%q,"stream":%t,"max_tokens":16,"messages":[{"role":"user","content":"hi"}],`+
					`"input":"hi"}`, group, stream)
				reply := s.Send(http.MethodPost, path, body, map[string]string{"User-Agent": "test/1é",
					"X-Claude-Code-Session-Id": "0193-session", "X-Claude-Code-Agent-Id": "sub-1"})
				n++
				r := got.last(t, n)
				want := record.Tokens{Known: true, Input: 3, Output: 5}
				if r.Tokens != want {
					t.Errorf("%s of %s, stream %t: %+v, want %+v\n%s", path, group, stream, r.Tokens, want, reply.Body)
				}
				if r.Client != record.Gateway || r.UserAgent != "test/1" || r.Session != "0193-session" || r.AgentID != "sub-1" ||
					r.Route != path || r.Streamed != stream || r.Requested != group || r.Group != group || r.Fallback != "" ||
					r.Status != 200 || r.Class != "" || r.Attempts != 1 || r.RequestBytes != int64(len(body)) ||
					r.ReplyBytes != int64(len(reply.Body)) || r.Host != s.Upstream.Addr || r.ID != reply.Header.Get("X-Litellm-Call-Id") ||
					r.FirstByte <= 0 || r.FirstByte < r.Asked || r.Duration < r.FirstByte || r.Upstream <= 0 {
					t.Errorf("%s of %s, stream %t: %+v", path, group, stream, r)
				}
			}
		}
	}
	if r := got.last(t, n); r.Deployment != "c-claude-up" || r.Provider != "anthropic" || r.Model != "claude-up" {
		t.Errorf("%+v", r)
	}
}

// TestFailuresAreRecordedWithTheirAttempts has requests fail at every place: in the body, at
// the model, at deployments, in the middle of a stream; and fall back.
func TestFailuresAreRecordedWithTheirAttempts(t *testing.T) {
	t.Parallel()
	var got rows
	s := routertest.Start(t, routertest.Groups("router_settings: {num_retries: 1, disable_cooldowns: true, fallbacks: [{bad: [m]}]}\n",
		"m: up", "bad: fail-500", "alone: fail-429", "mid: errstream", "broken: cut"), router.Options{Recorder: got.add})
	for i, c := range []struct {
		model, more, class, deployment, fallback string
		status, attempts, failed                 int
	}{
		{"m", `,"stream":"x"}}`, "invalid_request_error", "", "", 400, 0, 0},
		{"none", "", "invalid_request_error", "", "", 400, 0, 0},
		{"bad", "", "", "m-up", "m", 200, 3, 2},
		{"alone", "", "RateLimitError", "alone-fail-429", "", 429, 2, 2},
		{"mid", `,"stream":true`, "ServiceUnavailableError", "mid-errstream", "", 503, 1, 1},
		{"broken", `,"stream":true`, "APIConnectionError", "broken-cut", "", 500, 1, 1},
	} {
		reply := s.Chat(c.model, c.more)
		r := got.last(t, i+1)
		if r.Status != c.status || r.Class != c.class || r.Deployment != c.deployment || r.Fallback != c.fallback ||
			r.Attempts != c.attempts || len(r.Failed) != c.failed || r.IsFailure() != (c.status != 200) {
			t.Errorf("%s: %+v\n%s", c.model, r, reply.Body)
		}
	}
	if r := got.last(t, 3); r.Failed[0].Deployment != "bad-fail-500" || r.Failed[0].Status != 500 ||
		r.Failed[0].Class != "InternalServerError" || r.Failed[0].Group != "bad" || r.Group != "bad" || r.Requested != "bad" {
		t.Errorf("%+v", r)
	}
	if reply := s.Send("POST", "/v1/chat/completions", `{"model":"m"}`, map[string]string{"Authorization": "Bearer no"}); reply.Status != 401 {
		t.Fatal(reply)
	}
	s.Chat("m")
	if r := got.last(t, 7); r.Status != 200 || r.Requested != "m" {
		t.Errorf("a refused key was recorded: %+v", r)
	}
	for i := range 20 { // calls are used again: none has the tokens of the one before
		s.Chat("m")
		s.Chat("none")
		if r := got.last(t, 9+2*i); r.Tokens != (record.Tokens{}) || r.Deployment != "" {
			t.Fatalf("%+v", r)
		}
	}
}

// TestAnAbortedRequestIsRecorded has a client leave in the middle of a stream.
func TestAnAbortedRequestIsRecorded(t *testing.T) {
	t.Parallel()
	var got rows
	s := routertest.Start(t, routertest.Groups("", "m: pausemid"), router.Options{Recorder: got.add})
	ctx, cancel := context.WithCancel(t.Context())
	res := s.Open(ctx, "/v1/chat/completions", `{"model":"m","stream":true,"messages":[{"role":"user","content":"hi"}]}`)
	if _, err := io.ReadAtLeast(res.Body, make([]byte, 64), 64); err != nil {
		t.Fatal(err)
	}
	cancel()
	_ = res.Body.Close()
	if r := got.last(t, 1); r.Status != record.StatusClientGone || r.Class != record.ClassClientGone || r.Attempts != 1 ||
		r.ReplyBytes < 64 || !r.IsFailure() {
		t.Errorf("%+v", r)
	}
}

// TestAStreamToldInNoDialectOfTheClientIsCounted has a client of chat, which did not ask for
// the usage, stream from an upstream of messages, whose cache counts.
func TestAStreamToldInNoDialectOfTheClientIsCounted(t *testing.T) {
	t.Parallel()
	var got rows
	event := func(kind, members string) string {
		return "event: " + kind + "\ndata: {\"type\":\"" + kind + "\"," + members + "}\n\n"
	}
	stream := event("message_start", `"message":{"id":"1","type":"message","role":"assistant","content":[],"model":"c","usage":`+
		`{"input_tokens":7,"cache_read_input_tokens":100,"cache_creation_input_tokens":20,"output_tokens":1}}`) +
		event("content_block_start", `"index":0,"content_block":{"type":"text","text":""}`) +
		event("content_block_delta", `"index":0,"delta":{"type":"text_delta","text":"usage\""}`) +
		event("content_block_stop", `"index":0`) +
		event("message_delta", `"delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":9}`) + event("message_stop", `"x":1`)
	s := routertest.StartBefore(t, routertest.Groups("", "c: a/claude-up"), router.Options{Recorder: got.add},
		func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/event-stream")
			w.Header().Set("Anthropic-Organization-Id", "org-1")
			_, _ = io.WriteString(w, stream)
		})
	want := record.Tokens{Known: true, Input: 127, Cached: 100, CacheWrite: 20, Output: 9}
	for i, send := range []func(){func() { s.Chat("c", `,"stream":true`) }, func() { s.Messages("c", `,"stream":true`) },
		func() { s.Chat("c") }} {
		send()
		if r := got.last(t, i+1); r.Tokens != want || r.Account != "org-1" || r.Status != 200 {
			t.Errorf("%d: %+v", i, r)
		}
	}
}

// TestARecorderCostsNoAllocation compares allocations of one request with and without one.
func TestARecorderCostsNoAllocation(t *testing.T) {
	var n int
	measure := func(recorder func(*record.Request)) float64 {
		settings, err := routertest.Load(t, routertest.WithParameter("mock_response: hi"), "127.0.0.1:1", "127.0.0.1:1", nil)
		if err != nil {
			t.Fatal(err)
		}
		r, err := router.New(settings, router.Options{Recorder: recorder})
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = r.Close() }()
		least := math.Inf(1) // the race detector makes pools forget at random
		for range 200 {
			least = min(least, testing.AllocsPerRun(1, func() { askOnce(r) }))
		}
		return least
	}
	without, with := measure(nil), measure(func(*record.Request) { n++ })
	if n < 200 || with > without {
		t.Errorf("%d rows: %v allocations with a recorder, %v without", n, with, without)
	}
}

// askOnce sends one request without a connection.
func askOnce(r *router.Router) {
	req, _ := http.NewRequest(http.MethodPost, "/v1/chat/completions", strings.NewReader(`{"model":"m","messages":[]}`))
	req.Header.Set("Authorization", "Bearer sk-test")
	req.Header.Set("User-Agent", "test")
	r.ServeHTTP(discard{http.Header{}}, req)
}

// discard is a client that reads nothing.
type discard struct{ header http.Header }

func (d discard) Header() http.Header         { return d.header }
func (d discard) Write(p []byte) (int, error) { return len(p), nil }
func (d discard) WriteHeader(int)             {}
