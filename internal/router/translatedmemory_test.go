package router_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/internal/router"
	"github.com/flowgate-go/flowgate/internal/router/routertest"
)

// wordy is a messages request with a prompt of so many bytes.
func wordy(size int, more string) string {
	return `{"model":"m","max_tokens":16,"messages":[{"role":"user","content":"` + strings.Repeat("x",
		size) + `"}]` + more + `}`
}

// TestTheBodyMadeByTranslationIsHeldToo has room for less than two bodies, which a
// translated request has.
func TestTheBodyMadeByTranslationIsHeldToo(t *testing.T) {
	t.Parallel()
	began, release := make(chan struct{}), make(chan struct{})
	up := routertest.Serve(t, func(_ int, w http.ResponseWriter, r *http.Request) {
		if body, _ := io.ReadAll(r.Body); len(body) > mib {
			began <- struct{}{}
			<-release
		}
		writeText(w, "")
	})
	for dialect, fits := range map[string]bool{"messages": true, "chat": false} {
		s := routertest.StartAt(t, up.Addr(), withDialect(dialect, routertest.Groups(routertest.WithoutRetries, "m: x")),
			router.Options{MaxBody: 4 * mib, MaxHeld: 6 * mib})
		var owner sync.WaitGroup
		owner.Go(func() {
			got := s.Send("POST", "/v1/messages", wordy(3*mib, ""), nil)
			if (got.Status == http.StatusServiceUnavailable) == fits {
				t.Errorf("%s: %d %.200s", dialect, got.Status, got.Body)
			}
		})
		if fits {
			<-began
			release <- struct{}{}
		}
		owner.Wait()
		if got := s.Send("POST", "/v1/messages", wordy(10, ""), nil); got.Status != 200 && !fits {
			t.Errorf("%s: a small one afterwards: %d %s", dialect, got.Status, got.Body)
		}
		routertest.Eventually(t, "all is given back", func() bool { return s.Router.Held() == 0 })
	}
}

// TestATranslatedRequestHoldsItsBodyOnceMoreUntilTheReplyBegins has a stream that lasts.
func TestATranslatedRequestHoldsItsBodyOnceMoreUntilTheReplyBegins(t *testing.T) {
	t.Parallel()
	for _, size := range []int64{3 * mib, mib / 2} { // the memory of the small one is used again
		holdBodyTwice(t, size)
	}
}

func holdBodyTwice(t *testing.T, size int64) {
	began, reply, end := make(chan struct{}), make(chan struct{}), make(chan struct{})
	up := routertest.Serve(t, func(_ int, w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		began <- struct{}{}
		<-reply
		w.Header().Set("Content-Type", "text/event-stream")
		fmt.Fprint(w, "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"}}]}\n\n")
		w.(http.Flusher).Flush()
		<-end
		fmt.Fprint(w, "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n")
	})
	s := routertest.StartAt(t, up.Addr(), withDialect("chat", routertest.Groups(routertest.WithoutRetries, "m: x")), router.Options{})
	var owner sync.WaitGroup
	owner.Go(func() {
		if got := s.Send("POST", "/v1/messages", wordy(int(size), `,"stream":true`), nil); !strings.Contains(got.Body,
			"message_stop") {
			t.Error(got.Body)
		}
	})
	<-began
	if held := s.Router.Held(); held < 2*size || held > 2*size+size/3 {
		t.Errorf("%d bytes are held while the upstream works", held)
	}
	close(reply)
	routertest.Eventually(t, "the body for the upstream is dropped",
		func() bool { held := s.Router.Held(); return held >= size && held < size+size/3 })
	close(end)
	owner.Wait()
	routertest.Eventually(t, "all is given back", func() bool { return s.Router.Held() == 0 })
}

func TestTranslatedRepliesCountToo(t *testing.T) {
	t.Parallel()
	text := strings.Repeat("y", 2*mib)
	for name, reply := range map[string]func(http.ResponseWriter, *http.Request){
		"whole": func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprintf(w, `{"choices":[{"index":0,"message":{"role":"assistant","content":"%s"},"finish_reason":"stop"}]}`,
				text)
		},
		"collected": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/event-stream")
			fmt.Fprintf(w, "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"%s\"},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n", text)
		},
	} {
		up := routertest.Serve(t, func(_ int, w http.ResponseWriter, r *http.Request) { reply(w, r) })
		for room, status := range map[int64]int{5 * mib: 503, 20 * mib: 200} {
			s := routertest.StartAt(t, up.Addr(), withDialect("chat", routertest.Groups(routertest.WithoutRetries, "m: x")), router.Options{MaxBody: 4 * mib, MaxHeld: room})
			got := s.Send("POST", "/v1/messages", wordy(10, ""), nil)
			if got.Status != status || status == 200 && len(got.Body) < 2*mib || s.CountFailures() > 0 && status == 200 {
				t.Errorf("%s, %d bytes: %d %.200s", name, room, got.Status, got.Body)
			}
			routertest.Eventually(t, "all is given back", func() bool { return s.Router.Held() == 0 })
		}
	}
}

// endless are streams that never end a line, an event, a text or a list of calls.
var endless = map[string]struct{ head, piece string }{
	"line":       {`data: {"choices":[{"index":0,"delta":{"content":"`, "xxxxxxxxxxxxxxxx"},
	"comment":    {": ", "xxxxxxxxxxxxxxxx"},
	"data lines": {"data: [\n", "data: 1,\n"},
	"text": {"", "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"" + strings.Repeat("x",
		4000) + "\"}}]}\n\n"},
	"arguments": {"data: {\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":0,\"id\":\"c\",\"function\":{\"name\":\"f\",\"arguments\":\"{\\\"a\\\":\\\"\"}}]}}]}\n\n",
		"data: {\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":\"" +
			strings.Repeat("x", 4000) + "\"}}]}}]}\n\n"},
}

// TestAnEndlessTranslatedStreamEndsInAnErrorWithinItsMemory has a budget of 2 MiB.
func TestAnEndlessTranslatedStreamEndsInAnErrorWithinItsMemory(t *testing.T) {
	t.Parallel()
	for name, e := range endless {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			up := routertest.Serve(t, func(_ int, w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Type", "text/event-stream")
				_, _ = io.WriteString(w, e.head)
				piece := strings.Repeat(e.piece, (32<<10)/len(e.piece)+1)
				for range 50 * mib / len(piece) {
					if _, err := io.WriteString(w, piece); err != nil {
						return
					}
				}
				t.Errorf("all of 50 MiB was taken")
			})
			const quiet = "litellm_settings: {num_retries: 0, sse_keepalive_ping_interval_seconds: 0}\n" // on a busy machine, too
			s := routertest.StartAt(t, up.Addr(), withDialect("chat", routertest.Groups(quiet, "m: x")), router.Options{MaxBody: mib, MaxHeld: 2 * mib})
			most := watchHeld(s)
			got := ask(s, "messages", "m")
			held := most()
			switch name {
			case "text", "arguments":
				if got.Status != 200 || strings.Count(got.Body, "event: error\n") != 1 ||
					strings.Contains(got.Body, "message_stop") || !strings.Contains(got.Body, "holds as many bytes") {
					t.Errorf("%d %.300s … %.300s", got.Status, got.Body, got.Body[max(0, len(got.Body)-300):])
				}
			default:
				if got.Status != 503 || !strings.HasPrefix(got.Body, `{"type":"error"`) {
					t.Errorf("%d %.300s", got.Status, got.Body)
				}
			}
			if s.CountLogged("attempt failed")+s.CountLogged("stream failed") > 1 {
				t.Error(s.Log)
			}
			routertest.Eventually(t, "all is given back", func() bool { return s.Router.Held() == 0 })
			if held == 0 || held > 2*mib {
				t.Errorf("%d bytes were held", held)
			}
			if got := ask(s, "messages", "m"); got.IsCooling() {
				t.Error("a full memory cools the deployment")
			}
		})
	}
}

// watchHeld looks every 0.1 ms how many bytes a router holds, until most is called, which returns the most.
func watchHeld(s *routertest.Stack) (most func() int64) {
	var greatest int64
	var watching sync.WaitGroup
	end := make(chan struct{})
	watching.Go(func() {
		tick := time.NewTicker(100 * time.Microsecond)
		defer tick.Stop()
		for {
			select {
			case <-end:
				return
			case <-tick.C:
				greatest = max(greatest, s.Router.Held())
			}
		}
	})
	return func() int64 {
		close(end)
		watching.Wait()
		return greatest
	}
}

// TestManySmallPartsOfATranslatedRequestAreHeldToo has room for two bodies, but not for
// what the translation notes of each part: several times a small part's own length.
func TestManySmallPartsOfATranslatedRequestAreHeldToo(t *testing.T) {
	t.Parallel()
	up := routertest.Serve(t, func(_ int, w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		writeText(w, "")
	})
	around := func(message, list, end string) string {
		return `{"model":"m","max_tokens":16,"messages":[` + message + list + end + `]}`
	}
	const blocks, end = `{"role":"user","content":[`, `{"type":"text","text":"c"}]}`
	messages := strings.Repeat(`{"role":"user","content":"a"},{"role":"assistant","content":"b"},`, 3*mib/66)
	parts := strings.Repeat(`{"type":"text","text":"a"},`, 3*mib/27)
	for name, c := range map[string]struct {
		path, speaks, body string
		status             int
	}{
		"one part":         {"messages", "chat", wordy(3*mib, ""), 200},
		"messages":         {"messages", "chat", around("", messages, `{"role":"user","content":"c"}`), 503},
		"parts":            {"messages", "chat", around(blocks, parts, end), 503},
		"a fifth of those": {"messages", "chat", around(blocks, parts[:len(parts)/27/5*27], end), 200},
		"parts of chat":    {"chat/completions", "messages", around(blocks, parts, end), 503},
	} {
		s := routertest.StartAt(t, up.Addr(), withDialect(c.speaks, routertest.Groups(routertest.WithoutRetries, "m: x")),
			router.Options{MaxBody: 4 * mib, MaxHeld: 8 * mib})
		if got := s.Send("POST", "/v1/"+c.path, c.body, nil); got.Status != c.status {
			t.Errorf("%s: %d %.300s", name, got.Status, got.Body)
		}
		routertest.Eventually(t, "all is given back", func() bool { return s.Router.Held() == 0 })
	}
}
