package echo_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/internal/router/echo"
)

func TestStreamsBreakWhereTheModelNameSays(t *testing.T) {
	t.Parallel()
	url := serve(t, echo.Options{})
	const chat, message = "choices.0.delta.content", "delta.text"
	tests := []struct {
		model, path, text string
		at                string // gjson path of the text
		cut               bool
		has, hasNot       string
	}{
		{"cut0", "/v1/chat/completions", "", chat, true, "", "data:"},
		{"cut", "/v1/chat/completions", "echo: ", chat, true, "", "[DONE]"},
		{"cut", "/v1/messages", "echo: ", message, true, "message_start", "message_stop"},
		{"cut", "/v1/responses", "echo: ", "delta", true, "response.created", "response.completed"},
		{"errstream", "/v1/chat/completions", "echo", chat, false, `"error":{`, "[DONE]"},
		{"errstream", "/v1/messages", "echo", message, false, "event: error", "message_stop"},
		{"errstream", "/v1/responses", "echo", "delta", false, "event: error", "response.completed"},
		{"nodone", "/v1/chat/completions", "echo: hello", chat, false, `"stop"`, "[DONE]"},
	}
	for _, tt := range tests {
		t.Run(tt.model+tt.path, func(t *testing.T) {
			t.Parallel()
			got := sendOK(t, "POST", url+tt.path, ask(tt.model, `,"stream":true,"input":"hello"`))
			if (got.cut != nil) != tt.cut || got.status != 200 {
				t.Errorf("status %d, broken off by %v", got.status, got.cut)
			}
			if !strings.Contains(got.body, tt.has) || strings.Contains(got.body, tt.hasNot) {
				t.Errorf("want %q and no %q in\n%s", tt.has, tt.hasNot, got.body)
			}
			if got.body == "" {
				return
			}
			if text := join(events(t, got.body), tt.at); text != tt.text {
				t.Errorf("the deltas say %q, want %q", text, tt.text)
			}
		})
	}
}

func TestTTFBSendsTheHeadersAtOnce(t *testing.T) {
	t.Parallel()
	url := serve(t, echo.Options{})
	client := &http.Client{Timeout: 20 * time.Second} // with the headers after the wait, it would end the request
	resp, err := client.Post(url+"/v1/chat/completions", "application/json",
		strings.NewReader(ask("ttfb60000", `,"stream":true`)))
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	start := time.Now()
	resp, err = client.Post(url+"/v1/chat/completions", "application/json",
		strings.NewReader(ask("ttfb400", `,"stream":true`)))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if _, err := resp.Body.Read(make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	if first := time.Since(start); first < 400*time.Millisecond {
		t.Errorf("first byte after %v, want it to wait 400 ms", first)
	}
}

func TestPausemidIsSilentForFourSeconds(t *testing.T) {
	t.Parallel()
	url := serve(t, echo.Options{})
	start := time.Now()
	got := sendOK(t, "POST", url+"/v1/chat/completions", ask("pausemid", `,"stream":true`))
	if took := time.Since(start); took < 4*time.Second || !strings.HasSuffix(got.body, "[DONE]\n\n") {
		t.Errorf("ended after %v with %q", took, got.body)
	}
}

func TestASleepEndsWhenTheClientLeaves(t *testing.T) {
	t.Parallel()
	returned := make(chan struct{})
	ctx, leave := context.WithCancel(t.Context())
	defer leave()
	h := echo.New(echo.Options{})
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer close(returned)
		leave() // the request is here
		h.ServeHTTP(w, r)
	}))
	defer srv.Close()
	req, err := http.NewRequestWithContext(ctx, "POST", srv.URL+"/v1/messages", strings.NewReader(ask("sleep60000", "")))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := http.DefaultClient.Do(req); !errors.Is(err, context.Canceled) {
		t.Fatalf("error %v, want that the client left", err)
	}
	select {
	case <-returned:
	case <-time.After(10 * time.Second):
		t.Error("the handler sleeps on though nobody waits")
	}
}
