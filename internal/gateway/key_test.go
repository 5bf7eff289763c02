package gateway_test

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/flowgate-go/flowgate/internal/gateway"
)

const leakyKey = "sk-up/stream+own\"key1234"

// leaks are the forms in which a hostile upstream repeats the key.
func leaks() []string {
	return []string{leakyKey, base64.StdEncoding.EncodeToString([]byte("Bearer " + leakyKey)), base64.RawURLEncoding.EncodeToString([]byte(leakyKey)),
		hex.EncodeToString([]byte(leakyKey)), url.QueryEscape(leakyKey), `sk-up/stream+own\"key1234`}
}

const leakyYAML = `model_list:
- {model_name: m, litellm_params: {model: openai/m, api_base: "http://UP/v1", api_key: 'sk-up/stream+own"key1234', num_retries: 0}}
general_settings: {master_key: sk-test}
`

// TestTheProvidersKeyReachesNoClient has an upstream repeat the key in headers,
// in an error's body and in an error event in the middle of a stream.
func TestTheProvidersKeyReachesNoClient(t *testing.T) {
	t.Parallel()
	for _, leak := range leaks() {
		for _, how := range []string{"header", "error", "event", "comment", "cut 404", "cut page"} {
			up := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { leakBy(w, how, leak) }))
			s := startAt(t, strings.TrimPrefix(up.URL, "http://"), leakyYAML, gateway.Options{})
			for _, path := range []string{"/v1/chat/completions", "/v1/messages"} {
				body := `{"model":"m","max_tokens":5,"stream":` + fmt.Sprint(how == "event" || how == "comment") + `,"messages":[{"role":"user","content":"x"}]}`
				got := s.send(http.MethodPost, path, body, nil)
				if all := fmt.Sprint(got.header, got.body); strings.Contains(all, leak) || strings.Contains(all, leak[:12]) || strings.Contains(all, strings.ReplaceAll(leak, `"`, `\"`)) {
					t.Errorf("%s by %s on %s: %s", leak, how, path, all)
				}
			}
			up.Close()
		}
	}
}

func leakBy(w http.ResponseWriter, how, leak string) {
	escaped := strings.ReplaceAll(strings.ReplaceAll(leak, `\"`, `"`), `"`, `\"`)
	switch how {
	case "header":
		w.Header().Set("X-Request-Id", "id "+leak)
		w.Header().Set("Openai-Organization", leak)
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, goodReply)
	case "error":
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("X-Request-Id", leak)
		w.WriteHeader(http.StatusUnauthorized)
		fmt.Fprintf(w, `{"error":{"message":"bad key %s"}}`, escaped)
	case "comment":
		w.Header().Set("Content-Type", "text/event-stream")
		fmt.Fprintf(w, "data: {\"id\":\"1\",\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"}}]}\n\n: %s\n\n", leak)
	case "cut 404": // messages show 200 bytes of it
		w.WriteHeader(http.StatusNotFound)
		fmt.Fprint(w, strings.Repeat("z", 185)+leak)
	case "cut page":
		fmt.Fprint(w, strings.Repeat("z", 185)+leak)
	case "event":
		w.Header().Set("Content-Type", "text/event-stream")
		fmt.Fprint(w, "data: {\"id\":\"1\",\"object\":\"chat.completion.chunk\",\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"}}]}\n\n")
		w.(http.Flusher).Flush()
		fmt.Fprintf(w, "data: {\"error\":{\"message\":\"bad key %s\",\"code\":\"401\"}}\n\n", escaped)
	}
}
