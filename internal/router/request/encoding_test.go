package request_test

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/zstd"

	"github.com/flowgate-go/flowgate/internal/router"
	"github.com/flowgate-go/flowgate/internal/router/routertest"
)

// compressed is text as an encoding has it.
func compressed(t testing.TB, encoding, text string) string {
	t.Helper()
	var b bytes.Buffer
	var w io.WriteCloser
	switch encoding {
	case "gzip":
		w = gzip.NewWriter(&b)
	case "deflate":
		w = zlib.NewWriter(&b)
	case "bare deflate":
		w, _ = flate.NewWriter(&b, 6) // 6 is a level that it knows
	case "br":
		w = brotli.NewWriter(&b)
	case "zstd":
		w, _ = zstd.NewWriter(&b) // fails on options only
	}
	if _, err := io.WriteString(w, text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

const chatBody = `{"model":"m","messages":[{"role":"user","content":"hi"}]}`

func TestCompressedRequestsReachTheUpstreamPlain(t *testing.T) {
	t.Parallel()
	s := routertest.Start(t, routertest.WithParameter("flowgate_cliproxyapi: true"), router.Options{})
	twice := compressed(t, "zstd", compressed(t, "gzip", chatBody))
	for header, body := range map[string]string{
		"gzip": compressed(t, "gzip", chatBody), "x-gzip": compressed(t, "gzip", chatBody),
		"GZIP": compressed(t, "gzip", chatBody), "zstd": compressed(t, "zstd", chatBody),
		"deflate": compressed(t, "deflate", chatBody), "Deflate ": compressed(t, "bare deflate", chatBody),
		"br":         compressed(t, "br", chatBody),
		"gzip, zstd": twice, "gzip ,identity,ZSTD": twice, "identity": chatBody, "": chatBody, ",": chatBody,
	} {
		for _, r := range []io.Reader{strings.NewReader(body), unsized{strings.NewReader(body)}} {
			req, err := http.NewRequestWithContext(t.Context(), "POST", s.URL+"/v1/chat/completions", r)
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Authorization", "Bearer sk-test")
			if header != "" {
				req.Header.Set("Content-Encoding", header)
			}
			res, err := routertest.Client.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			_ = res.Body.Close()
			calls := s.Upstream.Calls()
			if res.StatusCode != 200 || len(calls) == 0 ||
				string(calls[len(calls)-1].Body) != strings.Replace(chatBody, `"m"`, `"up-model"`, 1) {
				t.Fatalf("%q as %T: %d", header, r, res.StatusCode)
			}
			if got := calls[len(calls)-1].Header.Get("Content-Encoding"); got != "" {
				t.Errorf("%q: Content-Encoding %q upstream", header, got)
			}
		}
	}
}

func TestAnEncodingThatIsNotSupportedIs415AndNamed(t *testing.T) {
	t.Parallel()
	s := routertest.Start(t, routertest.Minimal, router.Options{})
	for header, name := range map[string]string{"lz4": "lz4", "gzip, Snappy": "snappy", "dcb": "dcb",
		"gzip,gzip,gzip,gzip,gzip": "gzip, gzip"} {
		for path, prefix := range map[string]string{"/v1/responses": `{"error":{"message":"Content-Encoding`,
			"/v1/messages": `{"type":"error","error":{"type":"invalid_request_error","message":"Content-Encoding`} {
			got := s.Send("POST", path, "whatever", map[string]string{"Content-Encoding": header})
			if got.Status != 415 || !strings.HasPrefix(got.Body, prefix) || !strings.Contains(got.Body, name) ||
				!strings.Contains(got.Body, "enable_request_compression") ||
				got.Header.Get("Accept-Encoding") != "gzip, deflate, br, zstd" {
				t.Errorf("%s on %s: %d %s", header, path, got.Status, got.Body)
			}
		}
	}
	for encoding, body := range map[string]string{"gzip": compressed(t, "gzip", chatBody),
		"zstd": compressed(t, "zstd", chatBody)} {
		if got := s.Send("POST", "/v1/chat/completions", body, nil); got.Status != 415 ||
			!strings.Contains(got.Body, "has no Content-Encoding: "+encoding) {
			t.Errorf("undeclared %s: %d %s", encoding, got.Status, got.Body)
		}
	}
	head := "POST /v1/responses HTTP/1.1\nHost: localhost\nAuthorization: Bearer sk-test\nContent-Encoding: " +
		"lz4\nContent-Length: 9"
	if res, body, _ := stall(t, s.URL, head, ""); res.StatusCode != 415 {
		t.Errorf("%d %s", res.StatusCode, body)
	}
}

func TestACompressedBodyIsBoundedByWhatItBecomes(t *testing.T) {
	t.Parallel()
	s := routertest.Start(t, routertest.Minimal, router.Options{MaxBody: 100_000})
	fitting := `{"model":"m","messages":[],"pad":"` + strings.Repeat("x", 100_000-36) + `"}`
	for _, encoding := range []string{"gzip", "deflate", "br", "zstd"} {
		for want, body := range map[int]string{200: fitting, 413: fitting + " "} {
			if got := s.Send("POST", "/v1/chat/completions", compressed(t, encoding, body),
				map[string]string{"Content-Encoding": encoding}); got.Status != want {
				t.Errorf("%s: %d %s, want %d", encoding, got.Status, got.Body, want)
			}
		}
		bomb := compressed(t, encoding, strings.Repeat(" ", 5_000_000)) // fifty times the limit
		if got := s.Send("POST", "/v1/chat/completions", bomb[:min(len(bomb), 100_000)],
			map[string]string{"Content-Encoding": encoding}); got.Status != 413 {
			t.Errorf("%s bomb: %d %s", encoding, got.Status, got.Body)
		}
	}
	empty := strings.Repeat(compressed(t, "gzip", ""), 10_000) // decodes to nothing for ever
	req, err := http.NewRequestWithContext(t.Context(), "POST", s.URL+"/v1/chat/completions",
		unsized{strings.NewReader(empty)})
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer sk-test")
	req.Header.Set("Content-Encoding", "gzip")
	res, err := routertest.Client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != 413 {
		t.Errorf("empty members without end: %d", res.StatusCode)
	}
	if n := len(s.Upstream.Calls()); n != 4 {
		t.Errorf("%d requests reached the upstream, want 4", n)
	}
}

func TestABodyThatIsNotWhatItsEncodingSaysIs400(t *testing.T) {
	t.Parallel()
	s := routertest.Start(t, routertest.Minimal, router.Options{})
	long := `{"model":"m","messages":[],"pad":"` + strings.Repeat("abcdefgh", 10_000) + `"}`
	for _, encoding := range []string{"gzip", "deflate", "br", "zstd"} {
		whole := compressed(t, encoding, long)
		for what, body := range map[string]string{"cut": whole[:len(whole)-5], "other bytes": "\x99\x98\x97 no such thing"} {
			reason := "not valid " + encoding
			if what == "other bytes" {
				reason = "" // bytes that are clearly not compressed are taken as they are
			}
			got := s.Send("POST", "/v1/chat/completions", body, map[string]string{"Content-Encoding": encoding})
			if got.Status != 400 || !strings.Contains(got.Body, reason) {
				t.Errorf("%s %s: %d %s", what, encoding, got.Status, got.Body)
			}
		}
	}
	if n := len(s.Upstream.Calls()); n != 0 {
		t.Errorf("%d requests reached the upstream", n)
	}
}

func TestAByteOrderMarkIsDroppedFromABody(t *testing.T) {
	t.Parallel()
	s := routertest.Start(t, routertest.Minimal, router.Options{})
	for range 3 { // buffers are used again
		got := s.Send("POST", "/v1/chat/completions", "\xef\xbb\xbf"+chatBody, nil)
		calls := s.Upstream.Calls()
		if got.Status != 200 || string(calls[len(calls)-1].Body) != strings.Replace(chatBody, `"m"`, `"up-model"`, 1) {
			t.Errorf("%d %s", got.Status, got.Body)
		}
	}
	got := s.Send("POST", "/v1/chat/completions", compressed(t, "gzip", "\xef\xbb\xbf"+chatBody),
		map[string]string{"Content-Encoding": "gzip"})
	if got.Status != 200 {
		t.Errorf("compressed: %d %s", got.Status, got.Body)
	}
	for _, mark := range []string{"\xff\xfe", "\xfe\xff"} {
		if got := s.Send("POST", "/v1/chat/completions", mark+"{\x00", nil); got.Status != 400 ||
			!strings.Contains(got.Body, "UTF-16") {
			t.Errorf("%d %s", got.Status, got.Body)
		}
	}
}

// FuzzCompressedRequests: no body, whatever its encoding claims, breaks the router.
func FuzzCompressedRequests(f *testing.F) {
	for _, encoding := range []string{"gzip", "deflate", "br", "zstd"} {
		f.Add(encoding, []byte(compressed(f, encoding, chatBody)))
		f.Add(encoding+",gzip", []byte(chatBody))
	}
	f.Add("zstd", []byte("\x50\x2a\x4d\x18\xff\xff\xff\xff")) // a skippable frame
	settings, err := routertest.Load(f, routertest.Minimal+routertest.WithoutRetries, "127.0.0.1:1", "127.0.0.1:1", nil)
	if err != nil {
		f.Fatal(err)
	}
	router, err := router.New(settings, router.Options{MaxBody: 10_000})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, encoding string, body []byte) {
		req := httptest.NewRequest("POST", "/v1/chat/completions", bytes.NewReader(body))
		req.Header.Set("Authorization", "Bearer sk-test")
		req.Header.Set("Content-Encoding", encoding)
		w := httptest.NewRecorder()
		router.ServeHTTP(w, req)
		// the last three: it was understood, and no upstream is there
		if !slices.Contains([]int{400, 413, 415, 500, 502, 503}, w.Code) {
			t.Errorf("%d %s", w.Code, w.Body)
		}
	})
}
