package router_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/flowgate-go/flowgate/internal/router"
	"github.com/flowgate-go/flowgate/internal/router/routertest"
)

var bodies = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// answerFixed answers as an upstream that costs as little as one can: it reads the request and answers always the same.
func answerFixed(w http.ResponseWriter, r *http.Request) {
	body := bodies.Get().(*bytes.Buffer)
	defer bodies.Put(body)
	body.Reset()
	_, _ = body.ReadFrom(r.Body)
	if r.Header.Get("Authorization") == "" || !strings.HasSuffix(r.URL.Path, "/chat/completions") {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	if bytes.HasSuffix(body.Bytes(), []byte(`"stream":true}`)) {
		w.Header().Set("Content-Type", "text/event-stream")
		for range 20 {
			_, _ = io.WriteString(w, "data: {\"id\":\"c1\",\"object\":\"chat.completion.chunk\",\"model\":\"up-model\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"word \"}}]}\n\n")
			w.(http.Flusher).Flush()
		}
		_, _ = io.WriteString(w, "data: [DONE]\n\n")
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = io.WriteString(w,
		`{"id":"c1","object":"chat.completion","model":"up-model","choices":[{"index":0,"message":{"role":"assistant","content":"hello from upstream"}}]}`)
}

// payload is a chat request of about size bytes, its text full of escapes as code is.
func payload(size int, stream bool) []byte {
	text := strings.Repeat("\tif err := s.do(\"x\"); err != nil {\n\t\tlog.Printf(\"bad: %v\", err) // café\n\t}\n",
		size/60+1)
	quoted, _ := json.Marshal(text[:size])
	body := []byte(`{"model":"m","messages":[{"role":"user","content":` + string(quoted) + `}]`)
	if stream {
		body = append(body, `,"stream":true`...)
	}
	return append(body, '}')
}

// newReverseProxy returns what the router is measured against: httputil.ReverseProxy with the body read first.
func newReverseProxy(target *url.URL) http.Handler {
	proxy := &httputil.ReverseProxy{FlushInterval: -1,
		Transport: &http.Transport{MaxIdleConnsPerHost: 256, DisableCompression: true, WriteBufferSize: 32 << 10,
			ReadBufferSize: 32 << 10},
		Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target); r.Out.Host = target.Host }}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b := make([]byte, r.ContentLength)
		if _, err := io.ReadFull(r.Body, b); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(b))
		proxy.ServeHTTP(w, r)
	})
}

// loadHandler drives h over a real socket, eight clients a core.
func loadHandler(b *testing.B, h http.Handler, body []byte) {
	server := httptest.NewServer(h)
	defer server.Close()
	b.SetParallelism(4)
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		buf := make([]byte, 32<<10)
		for pb.Next() {
			req, _ := http.NewRequest(http.MethodPost, server.URL+"/v1/chat/completions", bytes.NewReader(body))
			req.Header.Set("Authorization", "Bearer sk-test")
			res, err := routertest.Client.Do(req)
			if err != nil {
				b.Error(err)
				return
			}
			n, err := io.CopyBuffer(struct{ io.Writer }{io.Discard}, res.Body, buf)
			_ = res.Body.Close()
			if err != nil || res.StatusCode != http.StatusOK || n == 0 {
				b.Errorf("status %d, %d bytes, error %v", res.StatusCode, n, err)
				return
			}
		}
	})
}

func BenchmarkRouter(b *testing.B) { compareWith(b, false) }

// BenchmarkReverseProxy is the yardstick: run both in one go and compare.
func BenchmarkReverseProxy(b *testing.B) { compareWith(b, true) }

func compareWith(b *testing.B, yardstick bool) {
	up := httptest.NewServer(http.HandlerFunc(answerFixed))
	defer up.Close()
	target, err := url.Parse(up.URL)
	if err != nil {
		b.Fatal(err)
	}
	h := newReverseProxy(target)
	if !yardstick {
		settings, err := routertest.Load(b, "model_list:\n  - {model_name: m, litellm_params: {model: openai/up-model, api_base: "+
			"http://UP/v1, api_key: k}}\ngeneral_settings: {master_key: sk-test}\n", target.Host, "", nil)
		if err != nil {
			b.Fatal(err)
		}
		if h, err = router.New(settings, router.Options{}); err != nil {
			b.Fatal(err)
		}
	}
	b.Run("small", func(b *testing.B) { loadHandler(b, h, payload(1000, false)) })
	b.Run("256kB", func(b *testing.B) { loadHandler(b, h, payload(230_000, false)) })
	b.Run("stream", func(b *testing.B) { loadHandler(b, h, payload(1000, true)) })
}
