package upstream_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/flowgate-go/flowgate/internal/router"
	"github.com/flowgate-go/flowgate/internal/router/routertest"
)

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
			for name, d := range routertest.Dialects {
				if before == "event: x\n" && name != "chat/completions" {
					continue
				}
				s, _ := routertest.StartScripted(t, router.Options{}, "", routertest.Answer(contentType, before+d.Opening+d.Content+d.Ending))
				for _, asked := range []bool{true, false} {
					got := d.Send(s, "alone", asked)
					if got.Status != 200 || got.Header.Get("Content-Type") != formOf(asked) || !strings.Contains(got.Body, "hello") ||
						!strings.Contains(got.Body, `"model":"alone"`) || strings.Contains(got.Body, "\xef\xbb\xbf") {
						t.Errorf("%s as %q after %q, a stream asked for: %v: %d %q %q", name, contentType, before, asked, got.Status,
							got.Header.Get("Content-Type"), got.Body)
					}
				}
			}
		}
		for name, d := range routertest.Dialects {
			s, _ := routertest.StartScripted(t, router.Options{}, "", routertest.Answer(contentType, "\xef\xbb\xbf \n"+d.Whole))
			for _, asked := range []bool{true, false} {
				got := d.Send(s, "alone", asked)
				if got.Status != 200 || got.Header.Get("Content-Type") != formOf(asked) || json.Valid([]byte(got.Body)) == asked ||
					!strings.Contains(got.Body, `"model":"alone"`) {
					t.Errorf("whole %s as %q, a stream asked for: %v: %d %q %q", name, contentType, asked, got.Status,
						got.Header.Get("Content-Type"), got.Body)
				}
			}
		}
	}
}

func TestTheFormIsRecognisedByteByByte(t *testing.T) {
	t.Parallel()
	for name, d := range routertest.Dialects {
		s, _ := routertest.StartScripted(t, router.Options{}, "", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/plain")
			for _, b := range []byte("\xef\xbb\xbf" + d.Opening + d.Content + d.Ending) {
				_, _ = w.Write([]byte{b})
				w.(http.Flusher).Flush()
			}
		})
		if got := d.Send(s, "alone", true); got.Status != 200 || !strings.Contains(got.Body, "hello") ||
			!strings.HasPrefix(got.Header.Get("Content-Type"), "text/event-stream") {
			t.Errorf("%s: %d %q", name, got.Status, got.Body)
		}
	}
}

func TestBareCRsAndAByteOrderMarkInAStreamAreUnderstood(t *testing.T) {
	t.Parallel()
	for name, d := range routertest.Dialects {
		s, bad := routertest.StartScripted(t, router.Options{}, "",
			routertest.Answer("text/event-stream", "\xef\xbb\xbf"+strings.ReplaceAll(d.Opening+d.Content+d.Ending, "\n", "\r")))
		want := strings.ReplaceAll(d.Opening+d.Content+d.Ending, `"model":"up"`, `"model":"m"`)
		if got := d.Send(s, "m", true); got.Status != 200 || got.Body != want || bad.Load() != 1 {
			t.Errorf("%s: %d after %d calls: %q", name, got.Status, bad.Load(), got.Body)
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
		s, bad := routertest.StartScripted(t, router.Options{}, "", routertest.Answer("application/json", body))
		for name, d := range routertest.Dialects {
			for _, stream := range []bool{true, false} {
				if got := d.Send(s, "m", stream); got.Status != 200 || !strings.Contains(got.Body, "hello") {
					t.Errorf("%s, no fallback after %s: %d %s", name, body, got.Status, got.Body)
				}
				bad.Store(0)
				got := d.Send(s, "alone", stream)
				if got.Status != status || !strings.Contains(got.Body, "no") || strings.Contains(got.Body, "hello") {
					t.Errorf("%s: %d for %s: %s", name, got.Status, body, got.Body)
				}
				if retried := status >= 500 || status == 429; bad.Load() != map[bool]int32{true: 2, false: 1}[retried] {
					t.Errorf("%s: %d calls for %s", name, bad.Load(), body)
				}
			}
		}
	}
}

func TestAReplyWithANullErrorOrWordsAboutErrorsIsNotAFailure(t *testing.T) {
	t.Parallel()
	for _, body := range []string{
		`{"error":null,"choices":[{"message":{"content":"hello"}}]}`,
		`{"error":{},"choices":[{"message":{"content":"hello"}}]}`,
		`{"error":{"message":"partly"},"choices":[{"message":{"content":"hello"}}]}`,
		`{"choices":[{"message":{"content":"hello {\"error\":{\"code\":500}} \"status\":\"failed\""}}]}`,
		`{"status":"incomplete","error":null,"output":[{"content":"hello"}]}`,
		`{"type":"message","content":[{"type":"text","text":"hello"},{"type":"error"}]}`,
	} {
		s, bad := routertest.StartScripted(t, router.Options{}, "", routertest.Answer("application/json", body))
		if got := s.Chat("m"); got.Status != 200 || got.Body != body || bad.Load() != 1 {
			t.Errorf("%s became %d %s after %d calls", body, got.Status, got.Body, bad.Load())
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
		d := routertest.Dialects[sc.dialect]
		for _, opening := range []string{"", d.Opening} {
			s, bad := routertest.StartScripted(t, router.Options{}, "", routertest.Answer("text/event-stream", opening+sc.after))
			got := d.Send(s, "m", true)
			want := strings.ReplaceAll(d.Opening+d.Content+d.Ending, `"model":"up"`, `"model":"m"`)
			if got.Status != 200 || got.Body != want || bad.Load() != 2 {
				t.Errorf("%q: %d after %d calls: %q", opening+sc.after, got.Status, bad.Load(), got.Body)
			}
			if got := d.Send(s, "alone", true); got.Status != sc.status || !strings.Contains(got.Body, "error") ||
				sc.after != "" && sc.status != 502 && !strings.Contains(got.Body, "no") {
				t.Errorf("%q: %d, want %d: %s", opening+sc.after, got.Status, sc.status, got.Body)
			}
		}
	}
}

// TestAWholeStreamIsASuccessHoweverItsConnectionEnds cuts the connection behind
// the last event, and leaves the last line end out.
func TestAWholeStreamIsASuccessHoweverItsConnectionEnds(t *testing.T) {
	t.Parallel()
	for name, d := range routertest.Dialects {
		whole := d.Opening + d.Content + d.Ending
		for what, play := range map[string]http.HandlerFunc{
			"cut": func(w http.ResponseWriter, _ *http.Request) {
				routertest.Answer("text/event-stream", whole)(w, nil)
				_ = http.NewResponseController(w).Flush()
				panic(http.ErrAbortHandler)
			},
			"cut in its last line end": func(w http.ResponseWriter, _ *http.Request) {
				routertest.Answer("text/event-stream", strings.TrimSuffix(whole, "\n\n"))(w, nil)
				_ = http.NewResponseController(w).Flush()
				panic(http.ErrAbortHandler)
			},
			"no line end": routertest.Answer("text/event-stream", strings.TrimSuffix(whole, "\n\n")),
			"no checksum": routertest.AnswerEncoded(200, "text/event-stream", "gzip",
				strings.TrimSuffix(routertest.Encode(whole, "gzip"), routertest.Encode(whole, "gzip")[len(routertest.Encode(whole, "gzip"))-6:])),
			"no end, no eol": routertest.Answer("text/event-stream",
				strings.TrimSuffix(strings.TrimSuffix(whole, "data: [DONE]\n\n"), "\n\n")),
		} {
			s, bad := routertest.StartScripted(t, router.Options{}, "num_retries: 0, allowed_fails: 0, cooldown_time: 60", play)
			for range 2 {
				if got := d.Send(s, "alone", true); got.Status != 200 ||
					got.Body != strings.ReplaceAll(whole, `"model":"up"`, `"model":"alone"`) {
					t.Errorf("%s, %s: %d %q", name, what, got.Status, got.Body)
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
	for name, d := range routertest.Dialects {
		for what, after := range map[string]string{
			"nothing": "", "a broken line": "data: {\"half", "an unfinished event": "event: x\n",
			"its own error": "event: error\ndata: " +
				"{\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"no\"}}\n\n",
		} {
			s, bad := routertest.StartScripted(t, router.Options{Now: routertest.NewClock().Now}, "num_retries: 0, allowed_fails: 0, cooldown_time: 60",
				routertest.Answer("text/event-stream", d.Opening+d.Content+after))
			got := d.Send(s, "alone", true)
			if got.Status != 200 || !strings.Contains(got.Body, "hello") || strings.Contains(got.Body, "[DONE]") ||
				strings.Contains(got.Body, "half") {
				t.Errorf("%s, %s: %d %q", name, what, got.Status, got.Body)
			}
			events := strings.Split(strings.TrimSuffix(got.Body, "\n\n"), "\n\n")
			if last := events[len(events)-1]; what != "its own error" && !strings.HasPrefix(last, d.Failed) {
				t.Errorf("%s, %s: the last event is %q", name, what, last)
			}
			if got := d.Send(s, "alone", true); got.Status != 429 || bad.Load() != 1 {
				t.Errorf("%s, %s: not counted: %d after %d calls", name, what, got.Status, bad.Load())
			}
		}
		s, bad := routertest.StartScripted(t, router.Options{}, "num_retries: 0, allowed_fails: 0, cooldown_time: 60",
			routertest.Answer("text/event-stream", d.Opening+d.Content+strings.TrimSuffix(d.Ending, "data: [DONE]\n\n")))
		for range 2 {
			got := d.Send(s, "alone", true)
			if done := strings.HasSuffix(got.Body, "\n\ndata: [DONE]\n\n"); got.Status != 200 ||
				strings.Contains(got.Body, `"error":{`) || done != (name == "chat/completions") {
				t.Errorf("%s: a whole stream: %d %q", name, got.Status, got.Body)
			}
		}
		if bad.Load() != 2 {
			t.Errorf("%s: a whole stream counts as failure", name)
		}
	}
}

func TestTheMediaTypeDecidesWhereTheBytesDoNot(t *testing.T) {
	t.Parallel()
	d := routertest.Dialects["messages"]
	for contentType, status := range map[string]int{"text/event-stream": 200, "Text/Event-Stream ; charset=UTF-8": 200,
		"text/plain": 502} {
		s, _ := routertest.StartScripted(t, router.Options{}, "num_retries: 0", routertest.Answer(contentType, "foreign: field\n\n"+d.Content+d.Ending))
		if got := d.Send(s, "alone", true); got.Status != status {
			t.Errorf("%s: %d %q", contentType, got.Status, got.Body)
		}
	}
}
