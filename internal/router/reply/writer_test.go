package reply_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/internal/router"
	"github.com/flowgate-go/flowgate/internal/router/reply"
	"github.com/flowgate-go/flowgate/internal/router/routertest"
)

// pings is what upstreams send while they have nothing to say.
func pings(d routertest.Dialect) []string {
	return []string{": PROCESSING\n\n", ":", "event: ping\ndata: {\"type\": \"ping\"}\n\n", d.Opening}
}

func TestAnyBytesOfAnUpstreamAreProgress(t *testing.T) {
	t.Parallel()
	for name, d := range routertest.Dialects {
		for i, ping := range pings(d) {
			if i < 2 && name != "messages" {
				continue // comments are the same in each dialect
			}
			t.Run(name+" "+ping[:1], func(t *testing.T) {
				t.Parallel()
				s, _ := routertest.StartScripted(t, router.Options{}, routertest.OneTry+", stream_timeout: 1.5",
					routertest.Trickle(ping, 400*time.Millisecond, 5, "\n\n"+d.Content+d.Ending))
				if got := d.Send(s, "alone", true); got.Status != 200 || !strings.Contains(got.Body, "hello") ||
					strings.Contains(got.Body, d.Failed) {
					t.Errorf("%d %q", got.Status, got.Body)
				}
			})
		}
	}
	d := routertest.Dialects["chat/completions"]
	s, _ := routertest.StartScripted(t, router.Options{}, routertest.OneTry+", stream_timeout: 1.5", func(w http.ResponseWriter, _ *http.Request) {
		for _, part := range strings.SplitAfter(d.Whole, ",") {
			_, _ = io.WriteString(w, part)
			w.(http.Flusher).Flush()
			time.Sleep(300 * time.Millisecond)
		}
	})
	if got := d.Send(s, "alone", true); got.Status != 200 || !strings.Contains(got.Body, "hello") {
		t.Errorf("a whole reply in pieces: %d %q", got.Status, got.Body)
	}
}

func TestPingsAloneEndAtTheLimitOfTheFirstContent(t *testing.T) {
	t.Parallel()
	for name, d := range routertest.Dialects {
		for i, ping := range pings(d) {
			limit, value := "ttft_timeout: 0.5", "0.5"
			switch {
			case name != "messages" && i < 3:
				continue
			case i == 0:
				limit, value = "stream_timeout: 0.4", "4.0"
			case i == 1:
				limit, value = "stream_timeout: 1, timeout: 1.2", "1.2"
			}
			t.Run(name+" "+ping[:1]+" "+limit, func(t *testing.T) {
				t.Parallel()
				s, _ := routertest.StartScripted(t, router.Options{}, routertest.OneTry+", "+limit, routertest.Trickle(ping, 20*time.Millisecond, 500, ""))
				begun := time.Now()
				got := d.Send(s, "alone", true)
				if took := time.Since(begun); got.Status != 408 || took < 450*time.Millisecond ||
					!strings.Contains(got.Body, "timeout value="+value+",") {
					t.Errorf("%d after %v: %q", got.Status, took, got.Body)
				}
			})
		}
	}
}

func TestTheLimitOfTheFirstContentEndsWithIt(t *testing.T) {
	t.Parallel()
	d := routertest.Dialects["messages"]
	s, _ := routertest.StartScripted(t, router.Options{}, routertest.OneTry+", ttft_timeout: 0.3",
		routertest.Trickle(d.Content, 100*time.Millisecond, 8, d.Ending))
	if got := d.Send(s, "alone", true); got.Status != 200 || !strings.HasSuffix(got.Body, d.Ending) {
		t.Errorf("%d %q", got.Status, got.Body)
	}
}

// often has keep-alives sent after a tenth of a second.
const often = routertest.OneTry + "; sse_keepalive_ping_interval_seconds: 0.1"

// slowStream is the client's side of a stream whose upstream goes on when the test says so.
type slowStream struct {
	t    *testing.T
	next chan struct{} // the upstream waits for it with await
	res  *http.Response
	text string
}

// newSlowStream makes a stream that is not opened yet.
func newSlowStream(t *testing.T) *slowStream { return &slowStream{t: t, next: make(chan struct{})} }

// await blocks the upstream until the client has seen what the test waits for.
func (s *slowStream) await(r *http.Request) {
	select {
	case <-s.next:
	case <-r.Context().Done():
	}
}

// open sends the request, which fails after a minute instead of waiting for ever.
func (s *slowStream) open(stack *routertest.Stack, d routertest.Dialect, model string) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), time.Minute)
	s.t.Cleanup(cancel)
	s.res, s.text = stack.Open(ctx, d.Path, `{"model":"`+model+`","stream":true,`+d.Rest+`}`), ""
	s.t.Cleanup(func() { _ = s.res.Body.Close() })
}

// advance reads until the client has part n times, and lets the upstream go on.
func (s *slowStream) advance(part string, n int) {
	s.t.Helper()
	for buffer := make([]byte, 4096); strings.Count(s.text, part) < n; {
		got, err := s.res.Body.Read(buffer)
		if s.text += string(buffer[:got]); err != nil {
			s.t.Fatalf("%q %d times: %v in %q", part, n, err, s.text)
		}
	}
	select {
	case s.next <- struct{}{}:
	case <-s.res.Request.Context().Done():
	}
}

// readAll returns the whole reply.
func (s *slowStream) readAll() routertest.Reply {
	s.t.Helper()
	rest, err := io.ReadAll(s.res.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return routertest.Reply{Status: s.res.StatusCode, Header: s.res.Header, Body: s.text + string(rest)}
}

func TestAClientThatWaitsForAStreamGetsComments(t *testing.T) {
	t.Parallel()
	for name, d := range routertest.Dialects {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client := newSlowStream(t)
			s, _ := routertest.StartScripted(t, router.Options{}, often, func(w http.ResponseWriter, r *http.Request) {
				client.await(r)
				w.Header().Set("Content-Type", "text/event-stream")
				_, _ = io.WriteString(w, d.Opening+d.Content+"event: x\n")
				w.(http.Flusher).Flush()
				client.await(r)
				_, _ = io.WriteString(w, "\n"+d.Ending)
			})
			client.open(s, d, "alone")
			client.advance(routertest.KeepAlive, 3)
			client.advance("event: x\n"+strings.Repeat(": keep-alive\n", 3), 1) // a blank line would end the event
			got := client.readAll()
			rest := strings.TrimLeft(strings.ReplaceAll(got.Body, routertest.KeepAlive, ""), "\n")
			want := strings.ReplaceAll(d.Opening+d.Content, `"model":"up"`, `"model":"alone"`) + "event: x\n"
			if got.Status != 200 || !strings.HasPrefix(rest, want) ||
				!strings.HasSuffix(got.Body, strings.ReplaceAll(d.Ending, `"model":"up"`, `"model":"alone"`)) {
				t.Fatalf("%d %q", got.Status, got.Body)
			}
			if got.Header.Get("Content-Type") != "text/event-stream; charset=utf-8" {
				t.Errorf("headers %v", got.Header)
			}
		})
	}
}

func TestAfterAKeepAliveAFailureIsAnErrorEvent(t *testing.T) {
	t.Parallel()
	for name, d := range routertest.Dialects {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client := newSlowStream(t)
			s, bad := routertest.StartScripted(t, router.Options{}, often, func(w http.ResponseWriter, r *http.Request) {
				client.await(r)
				w.WriteHeader(http.StatusTooManyRequests)
				_, _ = io.WriteString(w, `{"error":{"message":"slow down"}}`)
			})
			client.open(s, d, "alone")
			client.advance(routertest.KeepAlive, 1)
			got := client.readAll()
			events := strings.Split(strings.TrimSuffix(got.Body, "\n\n"), "\n\n")
			last := events[len(events)-1]
			if got.Status != 200 || !strings.HasPrefix(got.Body, routertest.KeepAlive) || !strings.HasPrefix(last, d.Failed) ||
				!strings.Contains(last, "slow down") ||
				!strings.Contains(last, "No fallback was attempted") || strings.Contains(got.Body, "[DONE]") {
				t.Errorf("%d %q", got.Status, got.Body)
			}
			if word := map[string]string{"chat/completions": `"code":"429"`, "messages": "rate_limit_error",
				"responses": "rate_limit_exceeded"}[name]; !strings.Contains(last, word) {
				t.Errorf("%q lacks %s", last, word)
			}
			client.open(s, d, "m")
			client.advance(routertest.KeepAlive, 1)
			if got := client.readAll(); got.Status != 200 || !strings.HasPrefix(got.Body, routertest.KeepAlive) ||
				!strings.HasSuffix(got.Body, d.Ending[len(d.Ending)-20:]) || bad.Load() != 2 {
				t.Errorf("no fallback after a keep-alive: %d %q", got.Status, got.Body)
			}
			close(client.next)
			if got := d.Send(s, "alone", false); got.Status != 429 || !strings.HasPrefix(got.Body, "{") {
				t.Errorf("no stream was asked for: %d %q", got.Status, got.Body)
			}
		})
	}
}

// keepAlive is the comment that the router sends while it waits.
const keepAlive = ": keep-alive\n\n"

func TestAKeepAliveSendsTheOpeningThatIsHeldBack(t *testing.T) {
	t.Parallel()
	for name, d := range routertest.Dialects {
		opening := strings.ReplaceAll(d.Opening, `"model":"up"`, `"model":"m"`)
		got, asked := failAfterKeepAlive(t, d, d.Opening, opening,
			"event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"no\"}}\n\n")
		body := got.Body
		for strings.HasPrefix(body, keepAlive) { // on a busy machine one comes before the opening
			body = body[len(keepAlive):]
		}
		if got.Status != 200 || !strings.HasPrefix(body, opening) || strings.Count(got.Body, opening) != 1 ||
			!strings.Contains(got.Body, "overloaded_error") || asked != 1 {
			t.Errorf("%s: %d after %d calls: %q", name, got.Status, asked, got.Body)
		}
		got, asked = failAfterKeepAlive(t, d, ": PROCESSING\n\n", ": PROCESSING\n\n", "event: error\ndata: {}\n\n")
		if got.Status != 200 || !strings.Contains(got.Body, ": PROCESSING\n\n") ||
			!strings.Contains(got.Body, "hello") || asked != 1 {
			t.Errorf("%s: after comments only: %d after %d calls: %q", name, got.Status, asked, got.Body)
		}
	}
}

// failAfterKeepAlive has an upstream send begin, and end when the client has got seen.
// It returns the reply of group m and how often its first deployment was asked.
func failAfterKeepAlive(t *testing.T, d routertest.Dialect, begin, seen, end string) (routertest.Reply, int32) {
	t.Helper()
	client := newSlowStream(t)
	s, bad := routertest.StartScripted(t, router.Options{}, often, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		_, _ = io.WriteString(w, begin)
		w.(http.Flusher).Flush()
		client.await(r)
		_, _ = io.WriteString(w, end)
	})
	client.open(s, d, "m")
	client.advance(seen, 1)
	return client.readAll(), bad.Load()
}

func TestPingsAloneEndAlsoAfterAKeepAlive(t *testing.T) {
	t.Parallel()
	d := routertest.Dialects["messages"]
	s, _ := routertest.StartScripted(t, router.Options{}, strings.Replace(often, ";", ", ttft_timeout: 0.5;", 1),
		routertest.Trickle("event: ping\ndata: {\"type\": \"ping\"}\n\n", 50*time.Millisecond, 400, ""))
	begun := time.Now()
	got := d.Send(s, "alone", true)
	if took := time.Since(begun); got.Status != 200 || took > 8*time.Second ||
		!strings.Contains(got.Body, "event: ping") || !strings.Contains(got.Body, d.Failed) {
		t.Errorf("%d after %v: %q", got.Status, took, got.Body)
	}
}

func TestTheLimitOfTheFirstContentEndsWithItAlsoAfterAKeepAlive(t *testing.T) {
	t.Parallel()
	d := routertest.Dialects["messages"]
	s, _ := routertest.StartScripted(t, router.Options{}, strings.Replace(often, ";", ", ttft_timeout: 0.9;", 1),
		func(w http.ResponseWriter, r *http.Request) {
			routertest.Trickle(d.Opening, 400*time.Millisecond, 1, "")(w, r)
			routertest.Trickle(d.Content, 100*time.Millisecond, 12, d.Ending)(w, r)
		})
	if got := d.Send(s, "alone", true); got.Status != 200 || !strings.HasSuffix(got.Body, d.Ending) {
		t.Errorf("%d %q", got.Status, got.Body)
	}
}

func TestTheIntervalOfKeepAlivesIsSetAsInLiteLLM(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]time.Duration{
		"": 15 * time.Second,
		"litellm_settings: {sse_keepalive_ping_interval_seconds: 5}":                5 * time.Second,
		"litellm_settings: {sse_keepalive_ping_interval_seconds: 0}":                0,
		"general_settings: {master_key: k, sse_keepalive_ping_interval_seconds: 7}": 7 * time.Second,
	} {
		if !strings.Contains(text, "general") {
			text += "\ngeneral_settings: {master_key: k}"
		}
		s, err := routertest.Load(t, "model_list: [{model_name: m, litellm_params: {model: m, mock_response: hi}}]\n"+text+"\n", "", "",
			nil)
		if err != nil || s.KeepAlive != want || len(s.Warnings) > 0 {
			t.Errorf("%q: %v, %v, %v", text, s.KeepAlive, err, s.Warnings)
		}
	}
	up := httptest.NewServer(routertest.Trickle(routertest.Dialects["chat/completions"].Content, 300*time.Millisecond, 1, "data: [DONE]\n\n"))
	defer up.Close()
	for seconds, sent := range map[string]bool{"0": false, "0.05": true} {
		s := routertest.Start(t, strings.ReplaceAll(routertest.Groups(routertest.WithoutRetries, "m: x | keepalive_seconds: "+seconds), "http://UP", up.URL),
			router.Options{})
		if got := s.Chat("m", `,"stream":true`); strings.Contains(got.Body, routertest.KeepAlive) != sent {
			t.Errorf("keepalive_seconds: %s: %q", seconds, got.Body)
		}
	}
}

func TestTheFirstContentMayBeFollowedByALongSilence(t *testing.T) {
	t.Parallel()
	d := routertest.Dialects["messages"]
	s, _ := routertest.StartScripted(t, router.Options{}, routertest.OneTry+", ttft_timeout: 0.4",
		routertest.Trickle(d.Content, 900*time.Millisecond, 1, d.Ending))
	if got := d.Send(s, "alone", true); got.Status != 200 || !strings.HasSuffix(got.Body, d.Ending) {
		t.Errorf("%d %q", got.Status, got.Body)
	}
}

func TestTheHeadersOfAStreamAreProgress(t *testing.T) {
	t.Parallel()
	d := routertest.Dialects["messages"]
	s, _ := routertest.StartScripted(t, router.Options{}, routertest.OneTry+", stream_timeout: 0.8", func(w http.ResponseWriter, r *http.Request) {
		time.Sleep(500 * time.Millisecond)
		w.Header().Set("Content-Type", "text/event-stream")
		w.(http.Flusher).Flush()
		routertest.Trickle("", 500*time.Millisecond, 1, d.Content+d.Ending)(w, r)
	})
	if got := d.Send(s, "alone", true); got.Status != 200 || !strings.Contains(got.Body, "hello") {
		t.Errorf("%d %q", got.Status, got.Body)
	}
}

func TestALongOpeningIsNotHeldBack(t *testing.T) {
	t.Parallel()
	d := routertest.Dialects["responses"]
	opening := strings.Replace(d.Opening, `"error":null`, `"instructions":"`+strings.Repeat("x", 600<<10)+`"`, 1)
	more := make(chan struct{})
	s, _ := routertest.StartScripted(t, router.Options{}, routertest.OneTry, func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, opening)
		w.(http.Flusher).Flush()
		<-more
		_, _ = io.WriteString(w, d.Content+d.Ending)
	})
	res := s.Open(t.Context(), d.Path, `{"model":"alone","stream":true,"input":""}`)
	defer res.Body.Close()
	first := make([]byte, len(d.Opening))
	// would wait for ever
	if _, err := io.ReadFull(res.Body, first); err != nil ||
		!strings.HasPrefix(string(first), "event: response.created\n") {
		t.Errorf("%q, %v", first, err)
	}
	close(more)
	if rest, err := io.ReadAll(res.Body); err != nil || !strings.HasSuffix(string(rest), "\n\n") ||
		!strings.Contains(string(rest), "response.completed") {
		t.Errorf("%d bytes, %v", len(rest), err)
	}
}

// TestPiecesGrowWithTheStream: most streams come in small pieces, of which there are many at a time.
func TestPiecesGrowWithTheStream(t *testing.T) {
	t.Parallel()
	var w reply.Writer
	var lengths []int
	for _, length := range []int{100, 8 << 10, 100, 100 << 10, 10} {
		piece, err := w.ReadPiece(strings.NewReader(strings.Repeat("x", length)))
		if err != nil || strings.Trim(string(piece), "x") != "" {
			t.Errorf("%d bytes: %q, %v", length, piece, err)
		}
		lengths = append(lengths, len(piece))
	}
	if want := []int{100, 8 << 10, 100, 32 << 10, 10}; !slices.Equal(lengths, want) {
		t.Errorf("pieces of %d bytes, not %d", lengths, want)
	}
}
