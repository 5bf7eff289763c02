package reply_test

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/internal/router"
	"github.com/flowgate-go/flowgate/internal/router/routertest"
)

const leakyKey = "sk-up/stream+own\"key1234"

// leaks are the forms in which a hostile upstream repeats the key.
func leaks() []string {
	return []string{leakyKey, base64.StdEncoding.EncodeToString([]byte("Bearer " + leakyKey)),
		base64.RawURLEncoding.EncodeToString([]byte(leakyKey)),
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
			s := routertest.StartAt(t, strings.TrimPrefix(up.URL, "http://"), leakyYAML, router.Options{})
			for _, path := range []string{"/v1/chat/completions", "/v1/messages"} {
				body := `{"model":"m","max_tokens":5,"stream":` + fmt.Sprint(how == "event" ||
					how == "comment") + `,"messages":[{"role":"user","content":"x"}]}`
				got := s.Send(http.MethodPost, path, body, nil)
				if all := fmt.Sprint(got.Header, got.Body); strings.Contains(all, leak) || strings.Contains(all, leak[:12]) ||
					strings.Contains(all, strings.ReplaceAll(leak, `"`, `\"`)) {
					t.Errorf("%s by %s on %s: %s", leak, how, path, all)
				}
			}
			up.Close()
		}
	}
}

// TestAKeyThatIsCutOrPaddedReachesNoClient has an upstream write its key with
// invisible characters, over the lines of an event that come one by one, and in
// good replies.
func TestAKeyThatIsCutOrPaddedReachesNoClient(t *testing.T) {
	t.Parallel()
	const key = "sk-or-v1-0a1B2c3D4e5F6g7H8i9J"
	const tail = "6g7H8i9J"
	yaml := strings.ReplaceAll(leakyYAML, `'`+leakyKey+`'`, key)
	const chunk = "data: {\"id\":\"1\",\"object\":\"chat.completion.chunk\",\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a %s\"}}]}\n\n"
	for name, pieces := range map[string][]string{
		"zero width":   {"401", `{"error":{"message":"bad key sk-or-v1-0a1B2c3D4e5F` + "\u200b" + tail + `"}}`},
		"escaped":      {"401", `{"error":{"message":"bad key sk-or-v1-0a1B2c3D4e5F\u200D` + tail + `"}}`},
		"soft hyphens": {"401", "bad key " + strings.Join(strings.Split(key, ""), "\u00ad")},
		"reply":        {"200", strings.Replace(routertest.GoodReply, `"id":"`, `"id":"`+key, 1)},
		"content":      {"stream", fmt.Sprintf(chunk, ""), fmt.Sprintf(chunk, key)},
		"event in lines": {"stream", fmt.Sprintf(chunk, ""), "data: {\"error\":{\ndata: \"code\":\"401\",\n",
			"data: \"message\":\"bad key " + hex.EncodeToString([]byte(key)) + " " + key + "\"}}\n\n"},
		"named": {"stream", fmt.Sprintf(chunk, ""), "event: error\n",
			"data: {\"message\":\"bad key " + url.QueryEscape(key) + base64.StdEncoding.EncodeToString([]byte(key)) + "\"}\n\n"},
		"cut in the line": {"stream", fmt.Sprintf(chunk, ""), "data: {\"error\":{\"message\":\"bad key sk-or-v1-0a1B2c3D4e5F",
			tail + "\"}}\n\n"},
	} {
		up := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { sendPieces(w, pieces) }))
		s := routertest.StartAt(t, strings.TrimPrefix(up.URL, "http://"), yaml, router.Options{})
		body := `{"model":"m","stream":` + fmt.Sprint(pieces[0] == "stream") + `,"messages":[{"role":"user","content":"x"}]}`
		got := s.Send(http.MethodPost, "/v1/chat/completions", body, nil)
		visible := strings.NewReplacer("\u200b", "", "\u00ad", "", `\u200d`, "", `\u200D`,
			"").Replace(fmt.Sprint(got.Header, got.Body))
		for _, leak := range []string{tail, hex.EncodeToString([]byte(key))[8:],
			base64.StdEncoding.EncodeToString([]byte(key))[4:20]} {
			if strings.Contains(visible, leak) {
				t.Errorf("%s: %s", name, visible)
			}
		}
		if !strings.Contains(visible, "[key]") {
			t.Errorf("%s: not hidden, but gone: %s", name, visible)
		}
		up.Close()
	}
}

// sendPieces answers with a status and a body, or with a stream piece by piece.
func sendPieces(w http.ResponseWriter, pieces []string) {
	if pieces[0] != "stream" {
		w.Header().Set("Content-Type", "application/json")
		status, _ := strconv.Atoi(pieces[0])
		w.WriteHeader(status)
		fmt.Fprint(w, pieces[1])
		return
	}
	w.Header().Set("Content-Type", "text/event-stream")
	for _, piece := range pieces[1:] {
		fmt.Fprint(w, piece)
		w.(http.Flusher).Flush()
		time.Sleep(30 * time.Millisecond) // so that the router reads them one by one; the verdict does not depend on it
	}
}

func leakBy(w http.ResponseWriter, how, leak string) {
	escaped := strings.ReplaceAll(strings.ReplaceAll(leak, `\"`, `"`), `"`, `\"`)
	switch how {
	case "header":
		w.Header().Set("X-Request-Id", "id "+leak)
		w.Header().Set("Openai-Organization", leak)
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, routertest.GoodReply)
	case "error":
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("X-Request-Id", leak)
		w.WriteHeader(http.StatusUnauthorized)
		fmt.Fprintf(w, `{"error":{"message":"bad key %s"}}`, escaped)
	case "comment":
		w.Header().Set("Content-Type", "text/event-stream")
		fmt.Fprintf(w, "data: {\"id\":\"1\",\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"}}]}\n\n: "+
			"%s\n\n", leak)
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
