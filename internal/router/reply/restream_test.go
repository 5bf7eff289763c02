package reply_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/internal/router"
	"github.com/flowgate-go/flowgate/internal/router/routertest"
	"github.com/flowgate-go/flowgate/internal/router/splice"
)

func TestAWholeReplyAfterAKeepAliveBecomesAStream(t *testing.T) {
	t.Parallel()
	wholes := map[string]string{
		"chat/completions": "{\"id\":\"c\",\n " +
			"\"object\":\"chat.completion\",\"model\":\"up\",\"choices\":[{\"index\":0,\"finish_reason\":\"tool_calls\",\"message\":{\"role\":\"assistant\",\"content\":\"hello\",\n\"tool_calls\":[{\"id\":\"t\",\"type\":\"function\",\"function\":{\"name\":\"f\",\"arguments\":\"{}\"}}]}}]}",
		"messages":  "{\"id\":\"m\",\"type\":\"message\",\n\"model\":\"up\",\"stop_reason\":\"tool_use\",\"usage\":{\n\"output_tokens\":3},\"content\":[{\"type\":\"thinking\",\"thinking\":\"hm\",\"signature\":\"s\"},{\"type\":\"text\",\"text\":\"hello\"},{\"type\":\"tool_use\",\"id\":\"t\",\"name\":\"f\",\"input\":{\n\"a\":1}}]}",
		"responses": "{\"id\":\"r\",\"object\":\"response\",\"status\":\"completed\",\"error\":null,\"model\":\"up\",\n\"output\":[{\"type\":\"message\",\n\"content\":[{\"type\":\"output_text\",\"text\":\"hello\"}]}]}",
	}
	wants := map[string][]string{
		"chat/completions": {`"object":"chat.completion.chunk"`, `"delta":{"content":"hello"`, `"index":0,"type":"function"`,
			"\n\ndata: [DONE]\n\n"},
		"messages": {"event: message_start\n", `"stop_reason":null`, `{"type":"thinking_delta","thinking":"hm"}`,
			`{"type":"signature_delta","signature":"s"}`, `{"type":"text_delta","text":"hello"}`,
			`"content_block":{"id":"t","input":{},"name":"f","type":"tool_use"}`,
			`{"type":"input_json_delta","partial_json":"{` + "\\n" + `\"a\":1}"}`, `"stop_reason":"tool_use"`,
			`"usage":{"output_tokens":3}`, "event: message_stop\n"},
		"responses": {"event: response.created\n", `"status":"in_progress"`, "event: response.output_item.done\n",
			"event: response.completed\n"},
	}
	for name, d := range routertest.Dialects {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			body := wholes[name]
			s, _ := routertest.StartScripted(t, router.Options{}, often, func(w http.ResponseWriter, _ *http.Request) {
				time.Sleep(300 * time.Millisecond)
				_, _ = io.WriteString(w, body)
			})
			got := d.Send(s, "alone", true)
			stream := splice.Stream{Model: []byte(`"x"`)}
			stream.Append(nil, []byte(got.Body))
			if got.Status != 200 || !strings.HasPrefix(got.Body, routertest.KeepAlive) || !stream.Content || !stream.Ended || stream.Failed ||
				!strings.Contains(got.Body, `"model":"alone"`) {
				t.Errorf("%d %+v %s", got.Status, stream, got.Body)
			}
			for _, want := range wants[name] {
				if !strings.Contains(got.Body, want) {
					t.Errorf("no %s in %s", want, got.Body)
				}
			}
			for _, line := range strings.Split(got.Body, "\n") {
				if line != "" && !strings.HasPrefix(line, "event: ") && !strings.HasPrefix(line, "data: ") &&
					!strings.HasPrefix(line, ":") {
					t.Errorf("%q is not a line of a stream", line)
				}
			}
			body = `{"unknown":1}`
			if got := d.Send(s, "alone", true); !strings.Contains(got.Body, d.Failed) ||
				!strings.Contains(got.Body, "keepalive_seconds") {
				t.Errorf("an unknown reply became %s", got.Body)
			}
		})
	}
}

func TestAClientThatReadsSlowlyCostsTheUpstreamNothing(t *testing.T) {
	t.Parallel()
	d := routertest.Dialects["chat/completions"]
	big := strings.Replace(d.Content, "hello", strings.Repeat("hello", 20<<10), 1)
	const events = 100 // 10 MB: more than the buffers of two connections
	s, bad := routertest.StartScripted(t, router.Options{Now: routertest.NewClock().Now},
		"num_retries: 0, stream_timeout: 1.5, allowed_fails: 0, cooldown_time: 60",
		func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/event-stream")
			for range events {
				_, _ = io.WriteString(w, big)
			}
			_, _ = io.WriteString(w, d.Ending)
		})
	for range 2 {
		res := s.Open(t.Context(), d.Path, `{"model":"alone","stream":true,"messages":[]}`)
		time.Sleep(2500 * time.Millisecond) // longer than the upstream's limit, which a busy machine does not exceed
		body, err := io.ReadAll(res.Body)
		_ = res.Body.Close()
		if err != nil || res.StatusCode != 200 || strings.Count(string(body), "data: ") != events+2 ||
			!strings.HasSuffix(string(body), "[DONE]\n\n") {
			t.Errorf("%d: %d bytes, %v, ending in %.300q", res.StatusCode, len(body), err, body[max(0, len(body)-300):])
		}
	}
	if bad.Load() != 2 {
		t.Errorf("%d calls: the deployment was blamed", bad.Load())
	}
}
