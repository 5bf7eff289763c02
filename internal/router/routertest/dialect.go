package routertest

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/flowgate-go/flowgate/internal/router"
)

// StartScripted runs a stack before an upstream that answers the model "bad" by play
// and "good" as it should. Group m has bad, and b with good as its fallback;
// group alone has bad only. settings are router_settings; what follows "; " in
// them are litellm_settings.
func StartScripted(t *testing.T, opts router.Options, settings string, play http.HandlerFunc) (s *Stack, bad *atomic.Int32) {
	t.Helper()
	bad = new(atomic.Int32)
	up := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var asked struct {
			Model  string
			Stream bool
		}
		body, _ := io.ReadAll(r.Body)
		_ = json.Unmarshal(body, &asked) // the tests send JSON
		if asked.Model == "bad" {
			bad.Add(1)
			play(w, r)
			return
		}
		dialect := Dialects[strings.TrimPrefix(r.URL.Path, "/v1/")]
		if !asked.Stream {
			w.Header().Set("Content-Type", "application/json")
			_, _ = io.WriteString(w, dialect.Whole)
			return
		}
		w.Header().Set("Content-Type", "text/event-stream")
		_, _ = io.WriteString(w, dialect.Opening+dialect.Content+dialect.Ending)
	}))
	t.Cleanup(up.Close)
	if settings == "" {
		settings = "num_retries: 1, disable_cooldowns: true"
	}
	settings, litellm, _ := strings.Cut(settings, "; ")
	yaml := Groups("router_settings: {"+settings+", fallbacks: [{m: [b]}]}\nlitellm_settings: {"+litellm+"}\n", "m: bad",
		"b: good", "alone: bad")
	return Start(t, strings.ReplaceAll(yaml, "http://UP", up.URL), opts), bad
}

// Dialect is what the tests need of a dialect: a request, and a good reply in pieces.
type Dialect struct {
	Path, Rest               string
	Opening, Content, Ending string
	Whole                    string
	Failed                   string // how an error event of the dialect begins
}

// Dialects are the dialects by their path below /v1/.
var Dialects = map[string]Dialect{
	"chat/completions": {
		Path: "/v1/chat/completions", Rest: `"messages":[]`,
		Opening: "data: {\"id\":\"c\",\"model\":\"up\",\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"},\"finish_reason\":null}]}\n\n",
		Content: "data: {\"id\":\"c\",\"model\":\"up\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"hello\"},\"finish_reason\":null}]}\n\n",
		Ending:  "data: {\"id\":\"c\",\"model\":\"up\",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n",
		Whole:   `{"id":"c","model":"up","choices":[{"index":0,"message":{"role":"assistant","content":"hello"}}]}`,
		Failed:  `data: {"error":`,
	},
	"messages": {
		Path: "/v1/messages", Rest: `"messages":[],"max_tokens":1`,
		Opening: "event: message_start\ndata: " +
			"{\"type\":\"message_start\",\"message\":{\"model\":\"up\",\"content\":[]}}\n\nevent: ping\ndata: " +
			"{\"type\":\"ping\"}\n\n" +
			"event: content_block_start\ndata: " +
			"{\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"text\",\"text\":\"\"}}\n\n",
		Content: "event: content_block_delta\ndata: " +
			"{\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"hello\"}}\n\n",
		Ending: "event: message_delta\ndata: " +
			"{\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"}}\n\nevent: message_stop\ndata: " +
			"{\"type\":\"message_stop\"}\n\n",
		Whole:  `{"id":"m","type":"message","model":"up","content":[{"type":"text","text":"hello"}]}`,
		Failed: "event: error\ndata: {\"type\":\"error\",",
	},
	"responses": {
		Path: "/v1/responses", Rest: `"input":"hi"`,
		Opening: "event: response.created\ndata: " +
			"{\"type\":\"response.created\",\"response\":{\"model\":\"up\",\"error\":null,\"status\":\"in_progress\"}}\n\n" +
			"event: response.in_progress\ndata: " +
			"{\"type\":\"response.in_progress\",\"response\":{\"model\":\"up\",\"error\":null}}\n\n",
		Content: "event: response.output_text.delta\ndata: {\"type\":\"response.output_text.delta\",\"delta\":\"hello\"}\n\n",
		Ending: "event: response.completed\ndata: " +
			"{\"type\":\"response.completed\",\"response\":{\"model\":\"up\",\"error\":null,\"status\":\"completed\"," +
			"\"output\":[{\"type\":\"message\",\"content\":[{\"type\":\"output_text\",\"text\":\"hello\"}]}]}}\n\n",
		Whole:  `{"id":"r","object":"response","status":"completed","error":null,"model":"up","output":[{"type":"message","content":[{"type":"output_text","text":"hello"}]}]}`,
		Failed: "event: response.failed\ndata: {\"type\":\"response.failed\",",
	},
}

// Send sends a request of the dialect.
func (d Dialect) Send(s *Stack, model string, stream bool) Reply {
	s.T.Helper()
	return s.Send("POST", d.Path, fmt.Sprintf(`{"model":%q,"stream":%v,%s}`, model, stream, d.Rest), nil)
}

// Answer returns a handler that writes a fixed reply.
func Answer(contentType, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header()["Content-Type"] = []string{contentType}
		_, _ = io.WriteString(w, body)
	}
}
