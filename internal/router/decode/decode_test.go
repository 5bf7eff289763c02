package decode_test

import (
	"bufio"
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/internal/router"
	"github.com/flowgate-go/flowgate/internal/router/decode"
	"github.com/flowgate-go/flowgate/internal/router/routertest"
)

func headerOfCodings(names ...string) string {
	return strings.ReplaceAll(strings.Join(names, ", "), " raw", "")
}

func TestCompressedRepliesAreDecoded(t *testing.T) {
	t.Parallel()
	for _, codings := range [][]string{{"gzip"}, {"x-gzip"}, {"deflate"}, {"deflate raw"}, {"br"}, {"zstd"},
		{"gzip", "br"}, {"deflate", "zstd", "gzip"}} {
		for name, d := range routertest.Dialects {
			header := headerOfCodings(codings...)
			for _, encoding := range []string{header, strings.ToUpper(header), "identity, " + header,
				strings.ReplaceAll(header, ", ", ";")} {
				s, _ := routertest.StartScripted(t, router.Options{}, routertest.OneTry, routertest.AnswerEncoded(200, "application/json", encoding, routertest.Encode(d.Whole, codings...)))
				got := d.Send(s, "alone", false)
				if want := strings.Replace(d.Whole, `"up"`, `"alone"`, 1); got.Status != 200 || got.Body != want ||
					got.Header["Content-Encoding"] != nil {
					t.Errorf("%s as %q: %d %v %q", name, encoding, got.Status, got.Header["Content-Encoding"], got.Body)
				}
			}
			stream := d.Opening + d.Content + d.Ending
			s, _ := routertest.StartScripted(t, router.Options{}, routertest.OneTry, routertest.AnswerEncoded(200, "text/event-stream", header, routertest.Encode(stream, codings...)))
			if got := d.Send(s, "alone", true); got.Status != 200 ||
				got.Body != strings.ReplaceAll(stream, `"model":"up"`, `"model":"alone"`) || got.Header["Content-Encoding"] != nil {
				t.Errorf("stream of %s as %q: %d %q", name, header, got.Status, got.Body)
			}
			s, _ = routertest.StartScripted(t, router.Options{}, routertest.OneTry,
				routertest.AnswerEncoded(429, "application/json", header, routertest.Encode(`{"error":{"message":"too fast"}}`, codings...)))
			if got := d.Send(s, "alone", true); got.Status != 429 || !strings.Contains(got.Body, "too fast") {
				t.Errorf("error of %s as %q: %d %q", name, header, got.Status, got.Body)
			}
		}
		s, _ := routertest.StartScripted(t, router.Options{}, routertest.OneTry,
			routertest.AnswerEncoded(200, "application/json", headerOfCodings(codings...), routertest.Encode(`{"input_tokens":7}`, codings...)))
		got := s.Send("POST", "/v1/messages/count_tokens", `{"model":"alone","messages":[]}`, nil)
		if got.Body != `{"input_tokens":7,"litellm_count_source":"provider"}` {
			t.Errorf("count_tokens as %v: %d %q", codings, got.Status, got.Body)
		}
	}
}

func TestTheBytesCountMoreThanTheContentEncoding(t *testing.T) {
	t.Parallel()
	d := routertest.Dialects["chat/completions"]
	stream := d.Opening + d.Content + d.Ending
	for _, c := range []struct {
		header string
		really []string
	}{
		{"gzip", nil}, {"deflate", nil}, {"br", nil}, {"zstd", nil}, {"gzip, br", nil}, {"utf-8", nil}, {"compress", nil},
		{"a, b, c, d, e", nil},
		{"", []string{"gzip"}}, {"", []string{"zstd"}}, {"identity", []string{"gzip"}}, {"", []string{"gzip", "gzip"}},
		{"gzip", []string{"zstd"}}, {"zstd", []string{"gzip"}}, {"deflate", []string{"gzip"}},
		{"gzip", []string{"gzip", "gzip"}}, {"gzip, br", []string{"gzip"}},
	} {
		if c.header == "gzip, br" && c.really != nil {
			continue // br has no mark: gzip's bytes could be br's
		}
		s, _ := routertest.StartScripted(t, router.Options{}, routertest.OneTry, routertest.AnswerEncoded(200, "application/json", c.header, routertest.Encode(d.Whole, c.really...)))
		if got := d.Send(s, "alone", false); got.Status != 200 || !strings.Contains(got.Body, `"model":"alone"`) {
			t.Errorf("says %q, is %v: %d %q", c.header, c.really, got.Status, got.Body)
		}
		s, _ = routertest.StartScripted(t, router.Options{}, routertest.OneTry, routertest.AnswerEncoded(200, "text/event-stream", c.header, routertest.Encode(stream, c.really...)))
		if got := d.Send(s, "alone", true); got.Status != 200 || !strings.HasSuffix(got.Body, "[DONE]\n\n") {
			t.Errorf("stream: says %q, is %v: %d %q", c.header, c.really, got.Status, got.Body)
		}
		s, _ = routertest.StartScripted(t, router.Options{}, routertest.OneTry,
			routertest.AnswerEncoded(503, "application/json", c.header, routertest.Encode(`{"error":{"message":"too busy"}}`, c.really...)))
		if got := d.Send(s, "alone", false); got.Status != 503 || !strings.Contains(got.Body, "too busy") {
			t.Errorf("error: says %q, is %v: %d %q", c.header, c.really, got.Status, got.Body)
		}
	}
}

// TestRepliesInSingleBytesAreRecognised sends byte after byte, so that no first
// piece shows what the body is: encoded, encoded without a word, and not encoded
// in spite of the header.
func TestRepliesInSingleBytesAreRecognised(t *testing.T) {
	t.Parallel()
	d := routertest.Dialects["chat/completions"]
	stream := d.Opening + d.Content + d.Ending
	for _, c := range []struct{ header, really string }{
		{"gzip", "gzip"}, {"zstd", "zstd"}, {"br", "br"}, {"deflate", "deflate"}, {"deflate", "deflate raw"}, {"", "gzip"},
		{"", "zstd"}, {"", ""},
		{"gzip", ""}, {"zstd", ""}, {"br", ""}, {"deflate", ""}, {"deflate", "zstd"},
	} {
		for _, streams := range []bool{true, false} {
			text := map[bool]string{true: stream, false: d.Whole}[streams]
			if c.really != "" {
				text = routertest.Encode(text, c.really)
			}
			s, _ := routertest.StartScripted(t, router.Options{}, routertest.OneTry, func(w http.ResponseWriter, _ *http.Request) {
				w.Header()["Content-Encoding"] = []string{c.header}
				for i := range len(text) {
					_, _ = io.WriteString(w, text[i:i+1])
					_ = http.NewResponseController(w).Flush()
					if i < 8 {
						time.Sleep(time.Millisecond) // so that the bytes come one by one
					}
				}
			})
			if got := d.Send(s, "alone", streams); got.Status != 200 || !strings.Contains(got.Body, `"model":"alone"`) ||
				!strings.Contains(got.Body, "hello") {
				t.Errorf("says %q, is %q, stream %v: %d %q", c.header, c.really, streams, got.Status, got.Body)
			}
		}
	}
}

func TestWhatCannotBeDecodedIs502WithItsCause(t *testing.T) {
	t.Parallel()
	d := routertest.Dialects["messages"]
	broken := []byte(routertest.Encode(strings.Repeat(d.Whole, 100), "gzip"))
	broken[len(broken)-6] ^= 0xff
	for header, body := range map[string]string{
		"compress": "\x1f\x9d\x90", "sdch": "xyz", "br": "\xff\xff\xff\xff", "deflate": "\xff\xff\xff",
		"gzip": string(broken), "GZIP": routertest.Encode(d.Whole, "gzip")[:30], "zstd": routertest.Encode(d.Whole, "zstd")[:20],
		"br ": routertest.Encode(d.Whole, "br")[:20],
	} {
		for _, stream := range []bool{true, false} {
			s, bad := routertest.StartScripted(t, router.Options{}, "", routertest.AnswerEncoded(200, "application/json", header, body))
			if got := d.Send(s, "m", stream); got.Status != 200 || !strings.Contains(got.Body, "hello") || bad.Load() != 2 {
				t.Errorf("%s: no retry and fallback: %d after %d calls: %q", header, got.Status, bad.Load(), got.Body)
			}
			got := d.Send(s, "alone", stream)
			if want := "decode " + strings.TrimSpace(strings.ToLower(header)) + ": "; got.Status != 502 ||
				!strings.Contains(got.Body, want) {
				t.Errorf("%s: %d %q lacks %q", header, got.Status, got.Body, want)
			}
		}
	}
	s, _ := routertest.StartScripted(t, router.Options{MaxBody: 1 << 20}, routertest.OneTry,
		routertest.AnswerEncoded(200, "application/json", "zstd", routertest.Encode(strings.Repeat(" ", 64<<20), "zstd")))
	if got := d.Send(s, "alone", false); got.Status != 502 {
		t.Errorf("a reply that is too long when decoded: %d", got.Status)
	}
}

func TestEachEventOfACompressedStreamReachesTheClientWhenItIsSent(t *testing.T) {
	t.Parallel()
	d := routertest.Dialects["chat/completions"]
	for name, compress := range routertest.Compressors {
		next := make(chan struct{})
		s, _ := routertest.StartScripted(t, router.Options{}, routertest.OneTry, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/event-stream")
			w.Header().Set("Content-Encoding", headerOfCodings(name))
			z := compress(w)
			for range 4 {
				_, _ = io.WriteString(z, d.Content)
				_ = z.Flush()
				w.(http.Flusher).Flush()
				<-next
			}
			_, _ = io.WriteString(z, d.Ending)
			_ = z.Close()
		})
		res := s.Open(t.Context(), d.Path, `{"model":"alone","stream":true,"messages":[]}`)
		lines := bufio.NewReader(res.Body)
		for i := range 4 {
			line, err := lines.ReadString('\n') // would wait for ever if the event were held back
			if err != nil || !strings.Contains(line, "hello") {
				t.Fatalf("%s, event %d: %q, %v", name, i, line, err)
			}
			_, _ = lines.ReadString('\n')
			next <- struct{}{}
		}
		rest, err := io.ReadAll(lines)
		if err != nil || !strings.HasSuffix(string(rest), "[DONE]\n\n") {
			t.Errorf("%s ends in %q, %v", name, rest, err)
		}
		_ = res.Body.Close()
	}
}

// FuzzDecodeBody: any bytes under any encoding end, and what was encoded comes back.
func FuzzDecodeBody(f *testing.F) {
	f.Add([]byte("\x1f\x8b\x08\x00"), "gzip, br")
	f.Add([]byte(`{"a":1}`), "DEFLATE,zstd")
	f.Add([]byte("data: x\n\n"), "br")
	f.Add([]byte("\x28\xb5\x2f\xfd\x04"), "zstd")
	f.Add([]byte("x\x9c"), ",, identity ,deflate")
	f.Fuzz(func(t *testing.T, body []byte, encoding string) {
		read := func(encoding string, body []byte) (string, error) {
			r := decode.Body(io.NopCloser(bytes.NewReader(body)), http.Header{"Content-Encoding": {encoding}})
			defer r.Close()
			got, err := io.ReadAll(io.LimitReader(r, 4<<20))
			return string(got), err
		}
		_, _ = read(encoding, body) // must end
		for name := range routertest.Compressors {
			if name == "br" || strings.HasPrefix(name, "deflate") {
				continue // without a mark, their bytes could look plain
			}
			if got, err := read(name, []byte(routertest.Encode(string(body), name))); err != nil || got != string(body) {
				t.Fatalf("%s of %q: %q, %v", name, body, got, err)
			}
		}
	})
}
