package echo_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/internal/router/echo"
	"github.com/sourcegraph/conc/pool"
	"github.com/tidwall/gjson"
)

// ask is a chat request to a model; more is put into the body.
func ask(model, more string) string {
	return `{"model":"` + model + `","max_tokens":9,"messages":[{"role":"user","content":"hello"}]` + more + `}`
}

func TestTheModelNameMakesTheServerFail(t *testing.T) {
	t.Parallel()
	url := serve(t, echo.Options{})
	tests := []struct {
		model, path string
		status      int
		want        map[string]string
	}{
		{"fail-503", "/v1/chat/completions", 503, map[string]string{"error.type": "server_error"}},
		{"x-fail-429-ra7-A", "/v1/chat/completions", 429, map[string]string{"error.type": "rate_limit_error"}},
		{"fail-401", "/v1/chat/completions", 401, map[string]string{"error.type": "authentication_error"}},
		{"fail-400-ctx", "/v1/chat/completions", 400,
			map[string]string{"error.code": "context_length_exceeded", "error.param": "messages"}},
		{"fail-400-policy", "/v1/chat/completions", 400, map[string]string{"error.code": "content_policy_violation"}},
		{"fail-529", "/v1/messages", 529, map[string]string{"type": "error", "error.type": "overloaded_error"}},
		{"fail-500", "/v1/messages", 500, map[string]string{"error.type": "api_error"}},
		{"fail-500", "/v1/messages/count_tokens", 500, map[string]string{"error.type": "api_error"}},
		{"fail-503", "/v1/responses", 503, map[string]string{"error.type": "server_error"}},
		{"fail-503", "/v1/embeddings", 503, map[string]string{"error.type": "server_error"}},
		{"fail-200", "/v1/chat/completions", 200, map[string]string{"choices.0.message.content": "echo: hello"}},
		{"fail-9999", "/v1/chat/completions", 200, nil},
		{"ok-500", "/v1/chat/completions", 200, nil},
		{"prefail-500", "/v1/chat/completions", 200, nil},
	}
	for _, tt := range tests {
		t.Run(tt.model+tt.path, func(t *testing.T) {
			t.Parallel()
			for _, more := range []string{"", `,"stream":true`} {
				if more != "" && tt.status == 200 {
					continue
				}
				got := sendOK(t, "POST", url+tt.path, ask(tt.model, more))
				if got.status != tt.status {
					t.Errorf("status %d, want %d: %s", got.status, tt.status, got.body)
				}
				if strings.Contains(tt.model, "ra7") && got.header.Get("Retry-After") != "7" {
					t.Errorf("retry-after %q, want 7", got.header.Get("Retry-After"))
				}
				for path, want := range tt.want {
					if v := gjson.Get(got.body, path).String(); v != want {
						t.Errorf("%s is %q, want %q", path, v, want)
					}
				}
			}
		})
	}
}

func TestFailFirstCountsForEachModel(t *testing.T) {
	t.Parallel()
	url := serve(t, echo.Options{})
	for _, model := range []string{"failfirst2-503", "failfirst2-503-B"} {
		for i, want := range []int{503, 503, 200, 200} {
			if got := sendOK(t, "POST", url+"/v1/chat/completions", ask(model, "")); got.status != want {
				t.Errorf("%s, call %d: status %d, want %d", model, i+1, got.status, want)
			}
		}
	}
}

func TestBrokenWholeRepliesAreSentAsScripted(t *testing.T) {
	t.Parallel()
	url := serve(t, echo.Options{})
	tests := []struct {
		model, contentType string
		status             int
		body               func(string) bool
	}{
		{"html", "text/html", 200, func(b string) bool { return strings.HasPrefix(b, "<html>") }},
		{"fail-502-html", "text/html", 502, func(b string) bool { return strings.HasPrefix(b, "<html>") }},
		{"badjson", "application/json", 200, func(b string) bool { return b != "" && !gjson.Valid(b) }},
		{"emptybody", "application/json", 200, func(b string) bool { return b == "" }},
	}
	for _, tt := range tests {
		got := sendOK(t, "POST", url+"/v1/messages", ask(tt.model, `,"stream":true`))
		if got.status != tt.status || got.header.Get("Content-Type") != tt.contentType || !tt.body(got.body) {
			t.Errorf("%s: %d %s %q", tt.model, got.status, got.header.Get("Content-Type"), got.body)
		}
	}
}

func TestResetClosesTheConnectionWithoutAnAnswer(t *testing.T) {
	t.Parallel()
	url := serve(t, echo.Options{})
	if got, err := send(t, "POST", url+"/v1/chat/completions", ask("reset", "")); err == nil {
		t.Errorf("an answer came: %+v", got)
	}
}

func TestSleepDelaysTheAnswer(t *testing.T) {
	t.Parallel()
	url := serve(t, echo.Options{})
	start := time.Now()
	got := sendOK(t, "POST", url+"/v1/chat/completions", ask("sleep120", ""))
	if took := time.Since(start); got.status != 200 || took < 120*time.Millisecond {
		t.Errorf("status %d after %v", got.status, took)
	}
}

func TestRepliesAreCompressedOnlyForClientsThatAcceptIt(t *testing.T) {
	t.Parallel()
	url := serve(t, echo.Options{})
	plain := sendOK(t, "POST", url+"/v1/chat/completions", ask("gzip", ""), "Accept-Encoding: identity")
	if plain.header.Get("Content-Encoding") != "" || !gjson.Valid(plain.body) {
		t.Errorf("identity was asked for, got %q", plain.header)
	}
	packed := sendOK(t, "POST", url+"/v1/chat/completions", ask("gzip", ""), "Accept-Encoding: gzip")
	if packed.header.Get("Content-Encoding") != "gzip" || !strings.HasPrefix(packed.body, "\x1f\x8b") {
		t.Errorf("gzip was asked for, got %q", packed.header)
	}
}

func TestTheBigReplyHasTwoMegabytesWholeAndStreamed(t *testing.T) {
	t.Parallel()
	url := serve(t, echo.Options{})
	whole := sendOK(t, "POST", url+"/v1/chat/completions", ask("big", ""))
	text := gjson.Get(whole.body, "choices.0.message.content").String()
	list := events(t, sendOK(t, "POST", url+"/v1/chat/completions", ask("big", `,"stream":true`)).body)
	if len(text) != 2<<20 || join(list[:len(list)-1], "choices.0.delta.content") != text {
		t.Errorf("%d bytes whole", len(text))
	}
}

func TestManyClientsAtOnceEachGetTheirOwnAnswer(t *testing.T) {
	t.Parallel()
	url := serve(t, echo.Options{Keys: []string{"k"}})
	var mu sync.Mutex
	failed := 0
	p := pool.New().WithErrors().WithMaxGoroutines(16)
	for i := range 200 {
		p.Go(func() error {
			said := strings.Repeat("x", i)
			body := `{"model":"failfirst50-503","messages":[{"role":"user","content":"` + said + `"}]}`
			req, err := http.NewRequestWithContext(t.Context(), "POST", url+"/v1/chat/completions", strings.NewReader(body))
			if err != nil {
				return err
			}
			req.Header.Set("Authorization", "Bearer k")
			resp, err := http.DefaultClient.Do(req)
			if err != nil {
				return err
			}
			defer resp.Body.Close()
			got, err := io.ReadAll(resp.Body)
			if err != nil {
				return err
			}
			if resp.StatusCode == http.StatusServiceUnavailable {
				mu.Lock()
				failed++
				mu.Unlock()
				return nil
			}
			if text := gjson.GetBytes(got, "choices.0.message.content").String(); text != "echo: "+said {
				return errors.New("another client's answer: " + text)
			}
			return nil
		})
	}
	if err := p.Wait(); err != nil {
		t.Error(err)
	}
	if failed != 50 {
		t.Errorf("%d calls failed, want the first 50", failed)
	}
}
