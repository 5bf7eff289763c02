package router_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/flowgate-go/flowgate/internal/router/upstreamtest"
)

// facts are what is compared between a transcript and the router: a name, a value as text.
type facts map[string]string

// compared are the headers that clients or tests of LiteLLM read.
var compared = []string{"content-type", "retry-after", "cache-control", "x-accel-buffering", "vary", "x-frame-options",
	"content-security-policy", "x-content-type-options", "request-id", "llm_provider-retry-after",
	"llm_provider-x-request-id",
	"x-litellm-call-id", "x-litellm-model-id", "x-litellm-model-group", "x-litellm-model-name",
	"x-litellm-attempted-retries", "x-litellm-attempted-fallbacks", "x-litellm-max-retries"}

var uuid = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`)

func (f facts) head(status int, get func(string) string) {
	f["status"] = fmt.Sprint(status)
	for _, name := range compared {
		if v := get(name); v != "" {
			f["header "+name] = uuid.ReplaceAllString(v, "{{uuid}}")
		}
	}
}

// body takes a reply apart: a stream, a JSON document, or plain text.
func (f facts) body(contentType, body string) {
	if strings.HasPrefix(contentType, "text/event-stream") {
		f.events(body)
		return
	}
	var doc any
	if json.Unmarshal([]byte(body), &doc) != nil {
		f["raw"] = body
		return
	}
	f.document(doc)
}

func (f facts) document(doc any) {
	if s, ok := doc.(string); ok {
		f["raw"] = s
	}
	for name, path := range map[string][]any{
		"model": {"model"}, "object": {"object"}, "type": {"type"}, "unknown field": {"x_unknown"}, "detail": {"detail"},
		"error.type": {"error", "type"}, "error.param": {"error", "param"}, "error.code": {"error", "code"},
		"error.message": {"error", "message"},
		"error.repeat":  {"error", "provider_specific_fields", "error"}, "db": {"db"}, "ready": {"status"},
		"chat text": {"choices", 0, "message", "content"}, "completion text": {"choices", 0, "text"},
		"finish":       {"choices", 0, "finish_reason"},
		"message text": {"content", 0, "text"}, "stop": {"stop_reason"}, "response text": {"output", 0, "content", 0, "text"},
		"tokens in": {"usage", "prompt_tokens"}, "tokens out": {"usage", "completion_tokens"},
		"input": {"usage", "input_tokens"}, "output": {"usage", "output_tokens"},
		"count": {"input_tokens"}, "count source": {"litellm_count_source"}, "vector": {"data", 0, "embedding"},
		"first model": {"data", 0, "id"}, "owner": {"data", 0, "owned_by"},
	} {
		if v, ok := member(doc, path...); ok && v != nil {
			f[name] = fmt.Sprint(v)
		}
	}
	if list, ok := member(doc, "data"); ok && f["object"] == "list" && f["vector"] == "" {
		f["models"] = fmt.Sprint(len(list.([]any)))
	}
}

// events reduces a stream to its text, its models, its event names and its end.
func (f facts) events(body string) {
	var models, names []string
	for line := range strings.Lines(body) {
		data, ok := strings.CutPrefix(strings.TrimSpace(line), "data:")
		if !ok {
			continue
		}
		data = strings.TrimSpace(data)
		if data == "[DONE]" {
			f["done"] = "yes"
			continue
		}
		var doc any
		if json.Unmarshal([]byte(data), &doc) != nil {
			f["broken event"] = data
			continue
		}
		for _, path := range [][]any{{"model"}, {"message", "model"}} {
			if m, ok := member(doc, path...); ok && !slices.Contains(models, fmt.Sprint(m)) {
				models = append(models, fmt.Sprint(m))
			}
		}
		for _, path := range [][]any{{"choices", 0, "delta", "content"}, {"choices", 0, "text"}, {"delta", "text"},
			{"delta"}} {
			if s, ok := member(doc, path...); ok {
				if text, isText := s.(string); isText {
					f["text"] += text
				}
			}
		}
		if name, ok := member(doc, "type"); ok {
			names = append(names, fmt.Sprint(name))
		}
		for _, key := range []string{"message", "code", "type"} {
			if v, ok := member(doc, "error", key); ok && v != nil {
				f["event error."+key] = fmt.Sprint(v)
			}
		}
	}
	f["models"] = strings.Join(models, " ")
	f["events"] = strings.Join(names, " ")
}

func member(doc any, path ...any) (any, bool) {
	for _, p := range path {
		switch p := p.(type) {
		case string:
			m, ok := doc.(map[string]any)
			if !ok {
				return nil, false
			}
			if doc, ok = m[p]; !ok {
				return nil, false
			}
		case int:
			l, ok := doc.([]any)
			if !ok || p >= len(l) {
				return nil, false
			}
			doc = l[p]
		}
	}
	return doc, true
}

// call is one upstream request as transcripts record it.
type call struct {
	Path    string            `json:"path"`
	Model   string            `json:"model"`
	Headers map[string]string `json:"headers"`
}

func readCalls(calls []upstreamtest.Call) []call {
	var out []call
	for _, c := range calls {
		h := map[string]string{}
		for k, v := range c.Header {
			h[strings.ToLower(k)] = v[0]
		}
		out = append(out, call{c.Path, c.Model, h})
	}
	return out
}

// secretive are the headers that must reach an upstream exactly as recorded, or not at all.
var secretive = []string{"authorization", "x-api-key", "anthropic-version", "anthropic-beta", "cookie",
	"x-forwarded-for",
	"x-custom", "openai-organization", "x-request-id", "x-litellm-call-id", "traceparent"}

func (f facts) calls(calls []call) {
	var order []string
	for _, c := range calls {
		order = append(order, c.Path+" "+c.Model)
	}
	f["calls"] = strings.Join(order, ", ")
	if len(calls) == 0 {
		return
	}
	for _, h := range secretive {
		if v := calls[0].Headers[h]; v != "" {
			f["upstream "+h] = v
		}
	}
}

// python is how LiteLLM's HTTP library puts what the router says in one sentence.
var python = regexp.MustCompile(`: <TransferEncodingError: [^>]*>`)

// measured is a duration that differs from run to run.
var measured = regexp.MustCompile(`time taken=[^ ]* seconds(\n\nDeployment Info: [^\n]*\ntimeout: [^\n]*)?`)

// normalize takes out of messages what no two runs, or no two languages, have in common.
func (f facts) normalize() facts {
	for _, name := range []string{"error.message", "event error.message", "error.repeat"} {
		if f[name] != "" {
			f[name] = strings.ReplaceAll(measured.ReplaceAllString(python.ReplaceAllString(f[name], ""), "time taken=N"),
				"{{n}}", "1")
		}
	}
	f["header vary"], _, _ = strings.Cut(f["header vary"], ",") // LiteLLM compresses long replies, the router none
	return f
}

func headerOf(h http.Header) func(string) string { return h.Get }
