package echo_test

import (
	"strings"
	"testing"

	"github.com/flowgate-go/flowgate/internal/router/echo"
)

func TestKeysAreCheckedAsCLIProxyAPIDoes(t *testing.T) {
	t.Parallel()
	url := serve(t, echo.Options{Keys: []string{"good", "also good"}})
	const missing, invalid = `{"error":"Missing API key"}`, `{"error":"Invalid API key"}`
	tests := []struct {
		name    string
		headers []string
		refused string // "" when let in
	}{
		{"none", nil, missing},
		{"empty", []string{"Authorization: "}, missing},
		{"scheme without a key", []string{"Authorization: Bearer"}, invalid},
		{"wrong", []string{"Authorization: Bearer bad"}, invalid},
		{"a prefix of the right one", []string{"x-api-key: goo"}, invalid},
		{"bearer", []string{"Authorization: Bearer good"}, ""},
		{"the second key", []string{"Authorization: bearer also good"}, ""},
		{"x-api-key", []string{"x-api-key: good"}, ""},
		{"x-goog-api-key", []string{"x-goog-api-key: good"}, ""},
		{"wrong in one place, right in another", []string{"Authorization: Bearer bad", "x-api-key: good"}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			for _, path := range []string{"/v1/chat/completions", "/v1/messages"} {
				got := sendOK(t, "POST", url+path, ask("m", ""), tt.headers...)
				if tt.refused == "" && got.status != 200 || tt.refused != "" && (got.status != 401 || got.body != tt.refused) {
					t.Errorf("%s: %d %s", path, got.status, got.body)
				}
			}
		})
	}
}

func TestHealthAndRootNeedNoKey(t *testing.T) {
	t.Parallel()
	url := serve(t, echo.Options{Keys: []string{"good"}})
	for _, path := range []string{"/", "/healthz"} {
		if got := sendOK(t, "GET", url+path, ""); got.status != 200 {
			t.Errorf("%s: %d", path, got.status)
		}
	}
	if got := sendOK(t, "GET", url+"/v1/models", ""); got.status != 401 {
		t.Errorf("/v1/models: %d without a key", got.status)
	}
}

func TestAnEmptyKeyFileOpensNothing(t *testing.T) {
	t.Parallel()
	url := serve(t, echo.Options{Keys: []string{""}})
	for _, headers := range [][]string{nil, {"Authorization: Bearer "}, {"x-api-key: x"}} {
		if got := sendOK(t, "GET", url+"/v1/models", "", headers...); got.status != 401 {
			t.Errorf("%q was let in: %d", headers, got.status)
		}
	}
}

func TestBadRequestsAreRefusedInTheRoutesDialect(t *testing.T) {
	t.Parallel()
	url := serve(t, echo.Options{})
	tests := []struct {
		name, path, body string
		status           int
		want             string
	}{
		{"no JSON", "/v1/chat/completions", `{"model":`, 400, `"type":"invalid_request_error","param":null`},
		{"an array", "/v1/messages", `[1]`, 400, `{"type":"error","error":{"type":"invalid_request_error"`},
		{"empty", "/v1/responses", ``, 400, "not a request in JSON"},
		{"messages is a text", "/v1/chat/completions", `{"model":"m","messages":"hi"}`, 400, "messages"},
		{"no model", "/v1/chat/completions", `{"messages":[]}`, 400, "'model'"},
		{"no messages", "/v1/chat/completions", `{"model":"m"}`, 400, "'messages'"},
		{"no messages to count", "/v1/messages/count_tokens", `{"model":"m"}`, 400, "messages: Field required"},
		{"no max_tokens", "/v1/messages", `{"model":"m","messages":[{"role":"user","content":"x"}]}`, 400,
			"max_tokens: Field required"},
		{"no prompt", "/v1/completions", `{"model":"m","prompt":null}`, 400, "'prompt'"},
		{"a prompt of another type", "/v1/completions", `{"model":"m","prompt":{"a":1}}`, 400, "prompt: expected a text"},
		{"no input", "/v1/embeddings", `{"model":"m"}`, 400, "'input'"},
		{"an input of another type", "/v1/embeddings", `{"model":"m","input":[[true]]}`, 400, "input: expected a text"},
		{"too many dimensions", "/v1/embeddings", `{"model":"m","input":"a","dimensions":9999}`, 400, "it must be from 1 to 4096"},
		{"too many inputs", "/v1/embeddings", `{"model":"m","input":["` + strings.Repeat(`a","`, 2048) + `a"]}`, 400,
			"at most 2048"},
		{"no items", "/v1/responses", `{"model":"m"}`, 400, "'input'"},
		{"items of another type", "/v1/responses", `{"model":"m","input":7}`, 400, "input:"},
		{"too long", "/v1/messages", `{"model":"` + strings.Repeat("m", echo.MaxBody) + `"}`, 413,
			`"type":"request_too_large"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := sendOK(t, "POST", url+tt.path, tt.body)
			if got.status != tt.status || !strings.Contains(got.body, tt.want) {
				t.Errorf("%d %s; want %d and %s", got.status, got.body, tt.status, tt.want)
			}
		})
	}
	got := sendOK(t, "POST", url+"/v1/messages", "packed", "Content-Encoding: zstd")
	if got.status != 415 || !strings.Contains(got.body, "zstd") {
		t.Errorf("compressed body: %d %s", got.status, got.body)
	}
}
