package metrics

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// MasterKey is the gateway key in Configure's settings.
const MasterKey = "sk-metrics-master-0123456789"

// configuration is of a router before the upstream at %[1]s; %[2]s are more callbacks.
const configuration = `model_list:
  - {model_name: m, litellm_params: {model: openai/gpt-4o, api_base: "%[1]s/v1", api_key: k-up-canary, rpm: 600, tpm: 90000,
      input_cost_per_token: 0.00001, output_cost_per_token: 0.00002}, model_info: {id: id-m}}
  - {model_name: broken, litellm_params: {model: openai/answers-500, api_base: "%[1]s/v1", api_key: k-up-canary}, model_info: {id: id-broken}}
  - {model_name: denied, litellm_params: {model: openai/answers-401, api_base: "%[1]s/v1", api_key: k-up-canary}, model_info: {id: id-denied}}
router_settings:
  num_retries: 0
  cooldown_time: 0.2
  fallbacks: [{broken: [m]}, {denied: [broken]}]
litellm_settings: {callbacks: [prometheus%[2]s]}
general_settings: {master_key: ` + MasterKey + `}
`

// Configure returns the settings, in LiteLLM's form, of a router before an upstream. Without a collector
// they have no OpenTelemetry, which LiteLLM needs more packages for.
func Configure(upstream, collector string) []byte {
	if collector == "" {
		return fmt.Appendf(nil, configuration, upstream, "")
	}
	return fmt.Appendf(nil, configuration+`environment_variables: {OTEL_EXPORTER_OTLP_ENDPOINT: "%[3]s", `+
		`OTEL_METRIC_EXPORT_INTERVAL: 500, OTEL_BSP_SCHEDULE_DELAY: 500}`+"\n", upstream, ", otel", collector)
}

// usage is what the upstream says that a request used: every kind of token.
const usage = `"usage":{"prompt_tokens":100,"completion_tokens":20,"total_tokens":120,` +
	`"prompt_tokens_details":{"cached_tokens":40,"cache_write_tokens":8},"completion_tokens_details":{"reasoning_tokens":5}}`

// stream is a reply in events.
const stream = `data: {"id":"1","object":"chat.completion.chunk","model":"gpt-4o","choices":[{"index":0,"delta":{"content":"canary-reply"}}]}

data: {"id":"1","object":"chat.completion.chunk","model":"gpt-4o","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}

data: {"id":"1","object":"chat.completion.chunk","model":"gpt-4o","choices":[],` + usage + `}

data: [DONE]

`

// StartUpstream starts a double of OpenAI that runs until the test ends, and returns its address.
func StartUpstream(t testing.TB) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(answer))
	t.Cleanup(s.Close)
	return s.URL
}

// answer answers as OpenAI, with what remains of its limits; the name of a model says which error.
func answer(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	w.Header().Set("X-Ratelimit-Remaining-Requests", "77")
	w.Header().Set("X-Ratelimit-Limit-Requests", "100")
	w.Header().Set("X-Ratelimit-Remaining-Tokens", "7000")
	w.Header().Set("X-Ratelimit-Limit-Tokens", "9000")
	compact := strings.ReplaceAll(string(body), " ", "")
	switch {
	case strings.Contains(compact, "answers-500"):
		http.Error(w, `{"error":{"message":"no"}}`, http.StatusInternalServerError)
	case strings.Contains(compact, "answers-401"):
		http.Error(w, `{"error":{"message":"no"}}`, http.StatusUnauthorized)
	case strings.Contains(compact, `"stream":true`):
		w.Header().Set("Content-Type", "text/event-stream")
		_, _ = io.WriteString(w, stream)
	default:
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"id":"1","object":"chat.completion","model":"gpt-4o","choices":[{"index":0,"finish_reason":"stop",`+
			`"message":{"role":"assistant","content":"canary-reply"}}],`+usage+`}`)
	}
}

// Load sends one round of the scripted load with a key to the router at an address.
func Load(ctx context.Context, url, key string) error {
	for _, request := range []struct {
		model  string
		stream bool
	}{
		{"m", false},
		{"m", true},
		{"broken", false}, // falls back to m
		{"denied", false}, // falls back to broken, which fails, too
		{"nosuch", false},
	} {
		if _, err := Chat(ctx, url, key, request.model, request.stream); err != nil {
			return err
		}
	}
	return nil
}

// Chat sends a request for a model with a key, reads the reply and returns its status.
func Chat(ctx context.Context, url, key, model string, stream bool) (status int, err error) {
	body := fmt.Sprintf(`{"model":%q,"stream":%t,"messages":[{"role":"user","content":"canary-prompt"}]}`, model, stream)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url+"/v1/chat/completions", strings.NewReader(body))
	if err != nil {
		return 0, err
	}
	req.Header.Set("Authorization", "Bearer "+key)
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err
	}
	defer func() { _ = resp.Body.Close() }()
	_, err = io.Copy(io.Discard, resp.Body)
	return resp.StatusCode, err
}

// Scrape returns the status and the body of what GET /metrics of a router answers to a key.
func Scrape(ctx context.Context, url, key string) (status int, text string, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/metrics", http.NoBody)
	if err != nil {
		return 0, "", err
	}
	req.Header.Set("Authorization", "Bearer "+key)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, "", err
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	return resp.StatusCode, string(body), err
}
