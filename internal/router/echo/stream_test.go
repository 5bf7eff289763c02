package echo_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/flowgate-go/flowgate/internal/router/echo"
	"github.com/tidwall/gjson"
)

// event is one server-sent event.
type event struct{ name, data string }

// events splits a stream and fails on anything that is not an event.
func events(t *testing.T, body string) []event {
	t.Helper()
	var list []event
	for frame := range strings.SplitSeq(strings.TrimSuffix(body, "\n\n"), "\n\n") {
		var e event
		for line := range strings.SplitSeq(frame, "\n") {
			name, value, found := strings.Cut(line, ": ")
			switch {
			case found && name == "event":
				e.name = value
			case found && name == "data":
				e.data = value
			default:
				t.Fatalf("line %q is not part of an event", line)
			}
		}
		list = append(list, e)
	}
	return list
}

// join puts together what the events hold at a path.
func join(list []event, path string) string {
	var b strings.Builder
	for _, e := range list {
		b.WriteString(gjson.Get(e.data, path).String())
	}
	return b.String()
}

// kinds are the names of the events without repetitions.
func kinds(list []event) []string {
	var names []string
	for _, e := range list {
		names = append(names, e.name)
	}
	return slices.Compact(names)
}

func TestAChatStreamHasTheFormOfOpenAI(t *testing.T) {
	t.Parallel()
	url := serve(t, echo.Options{})
	got := sendOK(t, "POST", url+"/v1/chat/completions",
		`{"model":"m","stream":true,"stream_options":{"include_usage":true},"messages":[{"role":"user","content":"hello, world"}]}`)
	list := events(t, got.body)
	if ct := got.header.Get("Content-Type"); ct != "text/event-stream" {
		t.Errorf("content type %q", ct)
	}
	if text := join(list, "choices.0.delta.content"); text != "echo: hello, world" {
		t.Errorf("the deltas say %q", text)
	}
	if role := gjson.Get(list[0].data, "choices.0.delta.role").String(); role != "assistant" {
		t.Errorf("the first delta's role is %q", role)
	}
	last := list[len(list)-3:]
	if gjson.Get(last[0].data, "choices.0.finish_reason").String() != "stop" ||
		gjson.Get(last[1].data, "usage.total_tokens").Int() == 0 || gjson.Get(last[1].data, "choices.#").Int() != 0 ||
		last[2].data != "[DONE]" {
		t.Errorf("the stream ends with %q", last)
	}
}

func TestAChatStreamHasNoUsageUnlessAsked(t *testing.T) {
	t.Parallel()
	url := serve(t, echo.Options{})
	got := sendOK(t, "POST", url+"/v1/chat/completions",
		`{"model":"m","stream":true,"messages":[{"role":"user","content":"hi"}]}`)
	if strings.Contains(got.body, "usage") {
		t.Errorf("usage was sent:\n%s", got.body)
	}
}

func TestAChatStreamCarriesAToolCall(t *testing.T) {
	t.Parallel()
	url := serve(t, echo.Options{})
	got := sendOK(t, "POST", url+"/v1/chat/completions",
		`{"model":"m","stream":true,"messages":[{"role":"user","content":"call tool look {\"at\":\"it\"}"}],"tools":[{"type":"function","function":{"name":"look"}}]}`)
	list := events(t, got.body)
	if name := join(list[:len(list)-1], "choices.0.delta.tool_calls.0.function.name"); name != "look" {
		t.Errorf("name %q", name)
	}
	if args := join(list[:len(list)-1], "choices.0.delta.tool_calls.0.function.arguments"); args != `{"at":"it"}` {
		t.Errorf("arguments %q", args)
	}
	if finish := join(list[:len(list)-1], "choices.0.finish_reason"); finish != "tool_calls" {
		t.Errorf("finish reason %q", finish)
	}
}

func TestACompletionStreamHasTheFormOfOpenAI(t *testing.T) {
	t.Parallel()
	url := serve(t, echo.Options{})
	got := sendOK(t, "POST", url+"/v1/completions",
		`{"model":"m","stream":true,"prompt":"hi","stream_options":{"include_usage":true}}`)
	list := events(t, got.body)
	if text := join(list[:len(list)-1], "choices.0.text"); text != "echo: hi" || list[len(list)-1].data != "[DONE]" {
		t.Errorf("the stream says %q and ends with %q", text, list[len(list)-1].data)
	}
	if n := gjson.Get(list[len(list)-2].data, "usage.completion_tokens").Int(); n != 2 {
		t.Errorf("%d completion tokens", n)
	}
}

func TestAMessageStreamHasTheFormOfAnthropic(t *testing.T) {
	t.Parallel()
	url := serve(t, echo.Options{})
	got := sendOK(t, "POST", url+"/v1/messages?beta=true",
		`{"model":"m","max_tokens":9,"stream":true,"messages":[{"role":"user","content":"hello"}]}`)
	list := events(t, got.body)
	want := []string{"message_start", "content_block_start", "ping", "content_block_delta", "content_block_stop",
		"message_delta", "message_stop"}
	if !slices.Equal(kinds(list), want) {
		t.Errorf("events %q, want %q", kinds(list), want)
	}
	for _, e := range list {
		if gjson.Get(e.data, "type").String() != e.name {
			t.Errorf("event %s carries type %s", e.name, gjson.Get(e.data, "type"))
		}
	}
	if text := join(list, "delta.text"); text != "echo: hello" {
		t.Errorf("the deltas say %q", text)
	}
	if reason, n := join(list, "delta.stop_reason"), join(list, "usage.output_tokens"); reason != "end_turn" || n != "3" {
		t.Errorf("stop reason %q, output tokens %q", reason, n)
	}
}

func TestAMessageStreamCarriesAToolCall(t *testing.T) {
	t.Parallel()
	url := serve(t, echo.Options{})
	got := sendOK(t, "POST", url+"/v1/messages",
		`{"model":"m","max_tokens":9,"stream":true,"messages":[{"role":"user","content":"call tool look {\"at\":\"it\"}"}],"tools":[{"name":"look"}]}`)
	list := events(t, got.body)
	if name := join(list, "content_block.name"); name != "look" {
		t.Errorf("name %q", name)
	}
	if args := join(list, "delta.partial_json"); args != `{"at":"it"}` {
		t.Errorf("input %q", args)
	}
	if reason := join(list, "delta.stop_reason"); reason != "tool_use" {
		t.Errorf("stop reason %q", reason)
	}
}

func TestAResponseStreamNumbersTheWholeSequence(t *testing.T) {
	t.Parallel()
	url := serve(t, echo.Options{})
	got := sendOK(t, "POST", url+"/v1/responses", `{"model":"m","stream":true,"input":"hello"}`)
	list := events(t, got.body)
	want := []string{
		"response.created", "response.in_progress", "response.output_item.added", "response.content_part.added",
		"response.output_text.delta", "response.output_text.done", "response.content_part.done",
		"response.output_item.done", "response.completed",
	}
	if !slices.Equal(kinds(list), want) {
		t.Errorf("events %q, want %q", kinds(list), want)
	}
	for i, e := range list {
		if n := gjson.Get(e.data, "sequence_number"); !n.Exists() || int(n.Int()) != i {
			t.Errorf("event %d is number %s", i, n.Raw)
		}
	}
	if text := join(list, "delta"); text != "echo: hello" {
		t.Errorf("the deltas say %q", text)
	}
	if whole := join(list, "response.output.0.content.0.text"); whole != "echo: hello" {
		t.Errorf("the completed response says %q", whole)
	}
}

func TestAResponseStreamCarriesAToolCall(t *testing.T) {
	t.Parallel()
	url := serve(t, echo.Options{})
	got := sendOK(t, "POST", url+"/v1/responses",
		`{"model":"m","stream":true,"input":"call tool look {\"at\":\"it\"}","tools":[{"type":"function","name":"look"}]}`)
	list := events(t, got.body)
	want := []string{
		"response.created", "response.in_progress", "response.output_item.added",
		"response.function_call_arguments.delta", "response.function_call_arguments.done",
		"response.output_item.done", "response.completed",
	}
	if !slices.Equal(kinds(list), want) {
		t.Errorf("events %q, want %q", kinds(list), want)
	}
	if args := join(list, "delta"); args != `{"at":"it"}` || join(list, "arguments") != args {
		t.Errorf("arguments %q", args)
	}
}
