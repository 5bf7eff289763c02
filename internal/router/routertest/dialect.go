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

// StartScripted runs a stack in front of an upstream that answers the model "bad" by play
// and the model "good" with a good reply, and counts the requests for bad. Group m has bad,
// and its fallback b has good; group alone has only bad. settings are router_settings; the
// text after "; " in them is litellm_settings.
func StartScripted(t *testing.T, opts router.Options, settings string, play http.HandlerFunc) (
	s *Stack, bad *atomic.Int32) {
	t.Helper()
	bad = new(atomic.Int32)
	up := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var parsed struct {
			Model  string
			Stream bool
		}
		body, _ := io.ReadAll(r.Body)
		_ = json.Unmarshal(body, &parsed) // the tests send JSON
		if parsed.Model == "bad" {
			bad.Add(1)
			play(w, r)
			return
		}
		dialect := Dialects[strings.TrimPrefix(r.URL.Path, "/v1/")]
		if !parsed.Stream {
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

// Dialect has a request of a dialect, and a good reply to it, whole and as the parts of a
// stream.
type Dialect struct {
	Path                     string
	Rest                     string // the members of a request besides model and stream
	Opening, Content, Ending string // a good stream
	Whole                    string // a good reply that is not a stream
	Failed                   string // the beginning of an error event
}

// Dialects has the dialects of conversations by their path below /v1/.
var Dialects = map[string]Dialect{
	"chat/completions": {
		Path: "/v1/chat/completions", Rest: `"messages":[]`,
		Opening: "data: {\"id\":\"c\",\"model\":\"up\",\"choices\":[{\"index\":0," +
			"\"delta\":{\"role\":\"assistant\",\"content\":\"\"},\"finish_reason\":null}]}\n\n",
		Content: "data: {\"id\":\"c\",\"model\":\"up\",\"choices\":[{\"index\":0," +
			"\"delta\":{\"content\":\"hello\"},\"finish_reason\":null}]}\n\n",
		Ending: "data: {\"id\":\"c\",\"model\":\"up\",\"choices\":[{\"index\":0," +
			"\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n",
		Whole:  `{"id":"c","model":"up","choices":[{"index":0,"message":{"role":"assistant","content":"hello"}}]}`,
		Failed: `data: {"error":`,
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
		Whole: `{"id":"r","object":"response","status":"completed","error":null,"model":"up",` +
			`"output":[{"type":"message","content":[{"type":"output_text","text":"hello"}]}]}`,
		Failed: "event: response.failed\ndata: {\"type\":\"response.failed\",",
	},
}

// Send sends a request of the dialect to the router of s, and returns the reply.
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
