package router_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/flowgate-go/flowgate/internal/router"
)

// scripted is a stack before an upstream that answers the model "bad" by play
// and "good" as it should. Group m has bad, and b with good as its fallback;
// group alone has bad only. settings are router_settings; what follows "; " in
// them are litellm_settings.
func scripted(t *testing.T, opts router.Options, settings string, play http.HandlerFunc) (s *stack, bad *atomic.Int32) {
	t.Helper()
	bad = new(atomic.Int32)
	up := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var asked struct {
			Model  string
			Stream bool
		}
		body, _ := io.ReadAll(r.Body)
		_ = json.Unmarshal(body, &asked) // the tests send JSON
		if asked.Model == "bad" {
			bad.Add(1)
			play(w, r)
			return
		}
		dialect := dialects[strings.TrimPrefix(r.URL.Path, "/v1/")]
		if !asked.Stream {
			w.Header().Set("Content-Type", "application/json")
			_, _ = io.WriteString(w, dialect.whole)
			return
		}
		w.Header().Set("Content-Type", "text/event-stream")
		_, _ = io.WriteString(w, dialect.opening+dialect.content+dialect.ending)
	}))
	t.Cleanup(up.Close)
	if settings == "" {
		settings = "num_retries: 1, disable_cooldowns: true"
	}
	settings, litellm, _ := strings.Cut(settings, "; ")
	yaml := groups("router_settings: {"+settings+", fallbacks: [{m: [b]}]}\nlitellm_settings: {"+litellm+"}\n", "m: bad",
		"b: good", "alone: bad")
	return start(t, strings.ReplaceAll(yaml, "http://UP", up.URL), opts), bad
}

// dialect is what the tests need of a dialect: a request, and a good reply in pieces.
type dialect struct {
	path, rest               string
	opening, content, ending string
	whole                    string
	failed                   string // how an error event of the dialect begins
}

var dialects = map[string]dialect{
	"chat/completions": {
		path: "/v1/chat/completions", rest: `"messages":[]`,
		opening: "data: {\"id\":\"c\",\"model\":\"up\",\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"},\"finish_reason\":null}]}\n\n",
		content: "data: {\"id\":\"c\",\"model\":\"up\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"hello\"},\"finish_reason\":null}]}\n\n",
		ending:  "data: {\"id\":\"c\",\"model\":\"up\",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n",
		whole:   `{"id":"c","model":"up","choices":[{"index":0,"message":{"role":"assistant","content":"hello"}}]}`,
		failed:  `data: {"error":`,
	},
	"messages": {
		path: "/v1/messages", rest: `"messages":[],"max_tokens":1`,
		opening: "event: message_start\ndata: " +
			"{\"type\":\"message_start\",\"message\":{\"model\":\"up\",\"content\":[]}}\n\nevent: ping\ndata: " +
			"{\"type\":\"ping\"}\n\n" +
			"event: content_block_start\ndata: " +
			"{\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"text\",\"text\":\"\"}}\n\n",
		content: "event: content_block_delta\ndata: " +
			"{\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"hello\"}}\n\n",
		ending: "event: message_delta\ndata: " +
			"{\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"}}\n\nevent: message_stop\ndata: " +
			"{\"type\":\"message_stop\"}\n\n",
		whole:  `{"id":"m","type":"message","model":"up","content":[{"type":"text","text":"hello"}]}`,
		failed: "event: error\ndata: {\"type\":\"error\",",
	},
	"responses": {
		path: "/v1/responses", rest: `"input":"hi"`,
		opening: "event: response.created\ndata: " +
			"{\"type\":\"response.created\",\"response\":{\"model\":\"up\",\"error\":null,\"status\":\"in_progress\"}}\n\n" +
			"event: response.in_progress\ndata: " +
			"{\"type\":\"response.in_progress\",\"response\":{\"model\":\"up\",\"error\":null}}\n\n",
		content: "event: response.output_text.delta\ndata: {\"type\":\"response.output_text.delta\",\"delta\":\"hello\"}\n\n",
		ending: "event: response.completed\ndata: " +
			"{\"type\":\"response.completed\",\"response\":{\"model\":\"up\",\"error\":null,\"status\":\"completed\"," +
			"\"output\":[{\"type\":\"message\",\"content\":[{\"type\":\"output_text\",\"text\":\"hello\"}]}]}}\n\n",
		whole:  `{"id":"r","object":"response","status":"completed","error":null,"model":"up","output":[{"type":"message","content":[{"type":"output_text","text":"hello"}]}]}`,
		failed: "event: response.failed\ndata: {\"type\":\"response.failed\",",
	},
}

func (d dialect) send(s *stack, model string, stream bool) reply {
	s.t.Helper()
	return s.send("POST", d.path, fmt.Sprintf(`{"model":%q,"stream":%v,%s}`, model, stream, d.rest), nil)
}

// answers writes a fixed reply.
func answers(contentType, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header()["Content-Type"] = []string{contentType}
		_, _ = io.WriteString(w, body)
	}
}

// formOf returns the Content-Type that a client gets, which asked for a stream or not.
func formOf(asked bool) string {
	if asked {
		return "text/event-stream; charset=utf-8"
	}
	return "application/json"
}

func TestAReplyIsRecognisedByItsBytesWhateverItsContentType(t *testing.T) {
	t.Parallel()
	for _, contentType := range []string{"text/event-stream", "Text/Event-Stream; charset=UTF-8",
		"text/event-stream;charset=\"", "application/json", "text/plain", "application/octet-stream", ""} {
		for _, before := range []string{"", ": hello\n\n", "\xef\xbb\xbf", "id: 1\n", "retry: 10\n", "\n", "\r\n",
			"event: x\n"} {
			for name, d := range dialects {
				if before == "event: x\n" && name != "chat/completions" {
					continue
				}
				s, _ := scripted(t, router.Options{}, "", answers(contentType, before+d.opening+d.content+d.ending))
				for _, asked := range []bool{true, false} {
					got := d.send(s, "alone", asked)
					if got.status != 200 || got.header.Get("Content-Type") != formOf(asked) || !strings.Contains(got.body, "hello") ||
						!strings.Contains(got.body, `"model":"alone"`) || strings.Contains(got.body, "\xef\xbb\xbf") {
						t.Errorf("%s as %q after %q, a stream asked for: %v: %d %q %q", name, contentType, before, asked, got.status,
							got.header.Get("Content-Type"), got.body)
					}
				}
			}
		}
		for name, d := range dialects {
			s, _ := scripted(t, router.Options{}, "", answers(contentType, "\xef\xbb\xbf \n"+d.whole))
			for _, asked := range []bool{true, false} {
				got := d.send(s, "alone", asked)
				if got.status != 200 || got.header.Get("Content-Type") != formOf(asked) || json.Valid([]byte(got.body)) == asked ||
					!strings.Contains(got.body, `"model":"alone"`) {
					t.Errorf("whole %s as %q, a stream asked for: %v: %d %q %q", name, contentType, asked, got.status,
						got.header.Get("Content-Type"), got.body)
				}
			}
		}
	}
}

func TestTheFormIsRecognisedByteByByte(t *testing.T) {
	t.Parallel()
	for name, d := range dialects {
		s, _ := scripted(t, router.Options{}, "", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/plain")
			for _, b := range []byte("\xef\xbb\xbf" + d.opening + d.content + d.ending) {
				_, _ = w.Write([]byte{b})
				w.(http.Flusher).Flush()
			}
		})
		if got := d.send(s, "alone", true); got.status != 200 || !strings.Contains(got.body, "hello") ||
			!strings.HasPrefix(got.header.Get("Content-Type"), "text/event-stream") {
			t.Errorf("%s: %d %q", name, got.status, got.body)
		}
	}
}

func TestBareCRsAndAByteOrderMarkInAStream(t *testing.T) {
	t.Parallel()
	for name, d := range dialects {
		s, bad := scripted(t, router.Options{}, "",
			answers("text/event-stream", "\xef\xbb\xbf"+strings.ReplaceAll(d.opening+d.content+d.ending, "\n", "\r")))
		want := strings.ReplaceAll(d.opening+d.content+d.ending, `"model":"up"`, `"model":"m"`)
		if got := d.send(s, "m", true); got.status != 200 || got.body != want || bad.Load() != 1 {
			t.Errorf("%s: %d after %d calls: %q", name, got.status, bad.Load(), got.body)
		}
	}
}

func TestAnErrorWithStatus200IsAFailureWithTheStatusInside(t *testing.T) {
	t.Parallel()
	for body, status := range map[string]int{
		`{"error":{"message":"no","type":"server_error","code":503}}`: 503,
		`{"error":{"message":"no","code":"429"}}`:                     429,
		`{"error":"no"}`: 500,
		`{"id":"c","model":"up","error":{"message":"no","code":502},"choices":[]}`:                                    502,
		`{"model":"up","error":{"message":"no","code":402},"choices":null}`:                                           402,
		`{"type":"error","error":{"type":"overloaded_error","message":"no"}}`:                                         529,
		`{"type":"error","error":{"type":"rate_limit_error","message":"no"}}`:                                         429,
		`{"id":"r","object":"response","status":"failed","error":{"code":"rate_limit_exceeded","message":"no"}}`:      429,
		`{"id":"r","object":"response","status":"failed","error":{"code":"server_error","message":"no"},"output":[]}`: 500,
		`{"object":"error","message":"no","type":"NotFoundError","code":404}`:                                         404,
		`{"error":{"code":8,"message":"no","status":"RESOURCE_EXHAUSTED"}}`:                                           429,
		`{"success":false,"errors":[{"code":7009,"message":"no"}],"result":{}}`:                                       500,
		`{"id":"c","choices":[{"index":0,"finish_reason":"error","error":{"code":502,"message":"no"}}]}`:              502,
		`[{"error":{"code":429,"message":"no","status":"RESOURCE_EXHAUSTED"}}]`:                                       429,
		`{"error":{"message":"no","code":503},"choices":[{"message":{"role":"assistant","content":""}}]}`:             503,
	} {
		s, bad := scripted(t, router.Options{}, "", answers("application/json", body))
		for name, d := range dialects {
			for _, stream := range []bool{true, false} {
				if got := d.send(s, "m", stream); got.status != 200 || !strings.Contains(got.body, "hello") {
					t.Errorf("%s, no fallback after %s: %d %s", name, body, got.status, got.body)
				}
				bad.Store(0)
				got := d.send(s, "alone", stream)
				if got.status != status || !strings.Contains(got.body, "no") || strings.Contains(got.body, "hello") {
					t.Errorf("%s: %d for %s: %s", name, got.status, body, got.body)
				}
				if retried := status >= 500 || status == 429; bad.Load() != map[bool]int32{true: 2, false: 1}[retried] {
					t.Errorf("%s: %d calls for %s", name, bad.Load(), body)
				}
			}
		}
	}
}

func TestARepliesOwnNullErrorAndWordsAboutErrorsAreNoFailure(t *testing.T) {
	t.Parallel()
	for _, body := range []string{
		`{"error":null,"choices":[{"message":{"content":"hello"}}]}`,
		`{"error":{},"choices":[{"message":{"content":"hello"}}]}`,
		`{"error":{"message":"partly"},"choices":[{"message":{"content":"hello"}}]}`,
		`{"choices":[{"message":{"content":"hello {\"error\":{\"code\":500}} \"status\":\"failed\""}}]}`,
		`{"status":"incomplete","error":null,"output":[{"content":"hello"}]}`,
		`{"type":"message","content":[{"type":"text","text":"hello"},{"type":"error"}]}`,
	} {
		s, bad := scripted(t, router.Options{}, "", answers("application/json", body))
		if got := s.chat("m"); got.status != 200 || got.body != body || bad.Load() != 1 {
			t.Errorf("%s became %d %s after %d calls", body, got.status, got.body, bad.Load())
		}
	}
}

func TestAStreamThatFailsBeforeItsFirstContentIsRetriedAndFallsBack(t *testing.T) {
	t.Parallel()
	type script struct {
		dialect, after string
		status         int
	}
	scripts := []script{
		{"chat/completions", "data: {\"id\":\"c\",\"model\":\"up\",\"error\":{\"message\":\"no\",\"code\":503},\"choices\":[]}\n\n", 503},
		{"chat/completions", "data: {\"id\":\"c\",\"choices\":[{\"delta\":{\"content\":\"\"},\"finish_reason\":\"error\"}],\"error\":{\"message\":\"no\",\"code\":502}}\n\n", 502},
		{"chat/completions", "data: {\"error\":\"no\"}\n\ndata: [DONE]\n\n", 500},
		{"chat/completions", "data: [{\"error\":{\"message\":\"no\",\"code\":429}}]\n\n", 429},
		{"chat/completions", "data: {\"error\":{\"message\":\"no\",\"code\":429}}", 429},
		{"chat/completions", "data: {\"error\":\ndata: {\"message\":\"no\",\"code\":429}}", 429},
		{"messages", "event: error\ndata: no such luck", 500},
		{"responses", "data: {\"type\":\"error\",\"code\":\"server_is_overloaded\",\"message\":\"no\"}\r", 503},
		{"chat/completions", "", 502},
		{"chat/completions", "data: [DONE]\n\n", 502},
		{"messages", "event: error\ndata: " +
			"{\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"no\"}}\n\n", 529},
		{"messages", "data: {\"type\":\"error\",\"error\":{\"type\":\"rate_limit_error\",\"message\":\"no\"}}\n\n", 429},
		{"messages", "data: {\ndata: \"error\":{\"message\":\"no\",\"code\":503}\ndata: }\n\n", 503},
		{"messages", "", 502},
		{"responses", "event: response.failed\ndata: " +
			"{\"type\":\"response.failed\",\"response\":{\"status\":\"failed\",\"model\":\"up\",\"error\":{\"code\":\"rate_limit_exceeded\",\"message\":\"no\"}}}\n\n", 429},
		{"responses", "event: error\ndata: " +
			"{\"type\":\"error\",\"code\":\"server_is_overloaded\",\"message\":\"no\",\"param\":null}\n\n", 503},
		{"responses", "event: response.output_item.added\ndata: " +
			"{\"type\":\"response.output_item.added\",\"item\":{\"type\":\"message\",\"content\":[]}}\n\nevent: " +
			"response.failed\ndata: " +
			"{\"type\":\"response.failed\",\"response\":{\"error\":{\"code\":\"x\",\"message\":\"no\"}}}\n\n", 500},
		{"responses", "", 502},
	}
	for _, sc := range scripts {
		d := dialects[sc.dialect]
		for _, opening := range []string{"", d.opening} {
			s, bad := scripted(t, router.Options{}, "", answers("text/event-stream", opening+sc.after))
			got := d.send(s, "m", true)
			want := strings.ReplaceAll(d.opening+d.content+d.ending, `"model":"up"`, `"model":"m"`)
			if got.status != 200 || got.body != want || bad.Load() != 2 {
				t.Errorf("%q: %d after %d calls: %q", opening+sc.after, got.status, bad.Load(), got.body)
			}
			if got := d.send(s, "alone", true); got.status != sc.status || !strings.Contains(got.body, "error") ||
				sc.after != "" && sc.status != 502 && !strings.Contains(got.body, "no") {
				t.Errorf("%q: %d, want %d: %s", opening+sc.after, got.status, sc.status, got.body)
			}
		}
	}
}

// TestAWholeStreamIsASuccessHoweverItsConnectionEnds cuts the connection behind
// the last event, and leaves the last line end out.
func TestAWholeStreamIsASuccessHoweverItsConnectionEnds(t *testing.T) {
	t.Parallel()
	for name, d := range dialects {
		whole := d.opening + d.content + d.ending
		for what, play := range map[string]http.HandlerFunc{
			"cut": func(w http.ResponseWriter, _ *http.Request) {
				answers("text/event-stream", whole)(w, nil)
				_ = http.NewResponseController(w).Flush()
				panic(http.ErrAbortHandler)
			},
			"cut in its last line end": func(w http.ResponseWriter, _ *http.Request) {
				answers("text/event-stream", strings.TrimSuffix(whole, "\n\n"))(w, nil)
				_ = http.NewResponseController(w).Flush()
				panic(http.ErrAbortHandler)
			},
			"no line end": answers("text/event-stream", strings.TrimSuffix(whole, "\n\n")),
			"no checksum": says(200, "text/event-stream", "gzip",
				strings.TrimSuffix(encoded(whole, "gzip"), encoded(whole, "gzip")[len(encoded(whole, "gzip"))-6:])),
			"no end, no eol": answers("text/event-stream",
				strings.TrimSuffix(strings.TrimSuffix(whole, "data: [DONE]\n\n"), "\n\n")),
		} {
			s, bad := scripted(t, router.Options{}, "num_retries: 0, allowed_fails: 0, cooldown_time: 60", play)
			for range 2 {
				if got := d.send(s, "alone", true); got.status != 200 ||
					got.body != strings.ReplaceAll(whole, `"model":"up"`, `"model":"alone"`) {
					t.Errorf("%s, %s: %d %q", name, what, got.status, got.body)
				}
			}
			if bad.Load() != 2 {
				t.Errorf("%s, %s: counted as a failure", name, what)
			}
		}
	}
}

func TestAStreamThatEndsEarlyEndsInAnErrorAndIsCounted(t *testing.T) {
	t.Parallel()
	for name, d := range dialects {
		for what, after := range map[string]string{
			"nothing": "", "a broken line": "data: {\"half", "an unfinished event": "event: x\n",
			"its own error": "event: error\ndata: " +
				"{\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"no\"}}\n\n",
		} {
			s, bad := scripted(t, router.Options{Now: newClock().Now}, "num_retries: 0, allowed_fails: 0, cooldown_time: 60",
				answers("text/event-stream", d.opening+d.content+after))
			got := d.send(s, "alone", true)
			if got.status != 200 || !strings.Contains(got.body, "hello") || strings.Contains(got.body, "[DONE]") ||
				strings.Contains(got.body, "half") {
				t.Errorf("%s, %s: %d %q", name, what, got.status, got.body)
			}
			events := strings.Split(strings.TrimSuffix(got.body, "\n\n"), "\n\n")
			if last := events[len(events)-1]; what != "its own error" && !strings.HasPrefix(last, d.failed) {
				t.Errorf("%s, %s: the last event is %q", name, what, last)
			}
			if got := d.send(s, "alone", true); got.status != 429 || bad.Load() != 1 {
				t.Errorf("%s, %s: not counted: %d after %d calls", name, what, got.status, bad.Load())
			}
		}
		s, bad := scripted(t, router.Options{}, "num_retries: 0, allowed_fails: 0, cooldown_time: 60",
			answers("text/event-stream", d.opening+d.content+strings.TrimSuffix(d.ending, "data: [DONE]\n\n")))
		for range 2 {
			got := d.send(s, "alone", true)
			if done := strings.HasSuffix(got.body, "\n\ndata: [DONE]\n\n"); got.status != 200 ||
				strings.Contains(got.body, `"error":{`) || done != (name == "chat/completions") {
				t.Errorf("%s: a whole stream: %d %q", name, got.status, got.body)
			}
		}
		if bad.Load() != 2 {
			t.Errorf("%s: a whole stream counts as failure", name)
		}
	}
}

func TestTheMediaTypeDecidesWhereTheBytesDoNot(t *testing.T) {
	t.Parallel()
	d := dialects["messages"]
	for contentType, status := range map[string]int{"text/event-stream": 200, "Text/Event-Stream ; charset=UTF-8": 200,
		"text/plain": 502} {
		s, _ := scripted(t, router.Options{}, "num_retries: 0", answers(contentType, "foreign: field\n\n"+d.content+d.ending))
		if got := d.send(s, "alone", true); got.status != status {
			t.Errorf("%s: %d %q", contentType, got.status, got.body)
		}
	}
}
