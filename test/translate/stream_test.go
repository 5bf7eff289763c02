// Package translate_test holds what the official Go clients make of translated
// streams.
package translate_test

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/anthropics/anthropic-sdk-go"
	"github.com/openai/openai-go/v3"

	"github.com/flowgate-go/flowgate/internal/router/translate"
	"github.com/flowgate-go/flowgate/internal/router/translate/translatetest"
)

var dialects = []translate.Dialect{translate.Chat, translate.Messages, translate.Responses}

// requests ask for a stream. Codex's tools are known to the one for responses.
var requests = map[translate.Dialect]string{
	translate.Chat:      `{"model":"m","stream":true,"stream_options":{"include_usage":true},"messages":[{"role":"user","content":"hi"}]}`,
	translate.Messages:  `{"model":"m","stream":true,"max_tokens":16,"messages":[{"role":"user","content":"hi"}]}`,
	translate.Responses: `{"model":"m","stream":true,"input":"hi","tools":[{"type":"custom","name":"patch"}]}`,
}

func TestOfficialClientsMakeOfAStreamWhatTheReplySays(t *testing.T) {
	t.Parallel()
	for _, from := range dialects {
		for _, to := range append(slices.Clone(dialects), translate.Converse) {
			for _, c := range translatetest.All[to] {
				if c.Failure != "" || from == translate.Chat && strings.Contains(c.Stream, "custom_tool_call") {
					continue // openai-go does not add up custom tools of chat streams
				}
				t.Run(from.String()+" over "+to.String()+" "+c.Name, func(t *testing.T) {
					t.Parallel()
					checkStream(t, from, to, &c)
				})
			}
		}
	}
}

func checkStream(t *testing.T, from, to translate.Dialect, c *translatetest.Played) {
	t.Helper()
	newCall := func() *translate.Call {
		opts := translate.Options{Model: "alias", ID: "1", Created: time.Unix(1700000000, 0)}
		_, call, err := translate.Request(from, to, []byte(requests[from]), opts)
		if err != nil {
			t.Fatal(err)
		}
		return call
	}
	collected, err := newCall().Collect([]byte(c.Stream))
	if err != nil {
		t.Fatal(err)
	}
	out, _ := translatetest.Stream(newCall(), c.Stream, 1<<20)
	want := canonical(t, collected)
	if got := canonical(t, accumulate(t, from, out)); got != want {
		t.Errorf("the stream says\n%s\nand as a whole\n%s\nevents\n%s", got, want, out)
	}
	if c.Reply == "" {
		return
	}
	replayed, err := newCall().Replay(nil, []byte(c.Reply))
	if err != nil {
		t.Fatal(err)
	}
	if got := canonical(t, accumulate(t, from, replayed)); got != want {
		t.Errorf("replayed it says\n%s\nwant\n%s", got, want)
	}
}

// eventData are the data of a stream's events. An event line has to agree with
// its data's type.
func eventData(t *testing.T, out []byte) []string {
	t.Helper()
	var data []string
	for event := range strings.SplitSeq(strings.TrimSuffix(string(out), "\n\n"), "\n\n") {
		name := ""
		if rest, ok := strings.CutPrefix(event, "event: "); ok {
			name, event, _ = strings.Cut(rest, "\n")
		}
		text, ok := strings.CutPrefix(event, "data: ")
		if !ok || strings.Contains(text, "\n") {
			t.Fatalf("event %q", event)
		}
		if name != "" {
			var typed struct{ Type string }
			if err := json.Unmarshal([]byte(text), &typed); err != nil || typed.Type != name {
				t.Fatalf("event %s has the data %s: %v", name, text, err)
			}
		}
		data = append(data, text)
	}
	return data
}

// canonical is a document with its keys in order and without spaces.
func canonical(t *testing.T, doc []byte) string {
	t.Helper()
	dec := json.NewDecoder(bytes.NewReader(doc))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		t.Fatalf("%v: %s", err, doc)
	}
	out, err := json.MarshalIndent(v, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// accumulate is the reply that a client's own library makes of a stream.
func accumulate(t *testing.T, d translate.Dialect, out []byte) []byte {
	t.Helper()
	switch d {
	case translate.Messages:
		return accumulateMessages(t, eventData(t, out))
	case translate.Responses:
		return accumulateResponses(t, eventData(t, out))
	}
	return accumulateChat(t, eventData(t, out))
}

func accumulateMessages(t *testing.T, events []string) []byte {
	t.Helper()
	var message anthropic.Message
	open := -1
	for _, data := range events {
		var event anthropic.MessageStreamEventUnion
		if err := json.Unmarshal([]byte(data), &event); err != nil {
			t.Fatalf("%v: %s", err, data)
		}
		switch event.Type {
		case "content_block_start":
			if open >= 0 {
				t.Fatalf("block %d opens while %d is open", event.Index, open)
			}
			open = int(event.Index)
		case "content_block_delta":
			if open != int(event.Index) {
				t.Fatalf("a delta of block %d while %d is open", event.Index, open)
			}
		case "content_block_stop":
			open = -1
		}
		if err := message.Accumulate(event); err != nil {
			t.Fatalf("%v: %s", err, data)
		}
	}
	content := make([]any, 0, len(message.Content))
	for _, b := range message.Content {
		switch b.Type {
		case "text":
			content = append(content, map[string]any{"type": "text", "text": b.Text})
		case "thinking":
			content = append(content, map[string]any{"type": "thinking", "thinking": b.Thinking, "signature": b.Signature})
		case "redacted_thinking":
			content = append(content, map[string]any{"type": "redacted_thinking", "data": b.Data})
		case "tool_use":
			input := b.Input
			if !json.Valid(input) { // the limit of tokens cut it off
				input = json.RawMessage("{}")
			}
			content = append(content, map[string]any{"type": "tool_use", "id": b.ID, "name": b.Name, "input": input})
		}
	}
	var sequence any
	if message.StopSequence != "" {
		sequence = message.StopSequence
	}
	return mustEncode(t, map[string]any{"id": message.ID, "type": "message", "role": "assistant", "model": message.Model,
		"content":     content,
		"stop_reason": message.StopReason, "stop_sequence": sequence, "usage": map[string]any{
			"input_tokens": message.Usage.InputTokens, "output_tokens": message.Usage.OutputTokens,
			"cache_read_input_tokens":     message.Usage.CacheReadInputTokens,
			"cache_creation_input_tokens": message.Usage.CacheCreationInputTokens}})
}

func accumulateChat(t *testing.T, events []string) []byte {
	t.Helper()
	if len(events) < 2 || events[len(events)-1] != "[DONE]" {
		t.Fatalf("the events are %q", events)
	}
	var acc openai.ChatCompletionAccumulator
	reasoning := ""
	var usage json.RawMessage // the library does not add up all of it
	for _, data := range events[:len(events)-1] {
		var chunk openai.ChatCompletionChunk
		if err := json.Unmarshal([]byte(data), &chunk); err != nil {
			t.Fatalf("%v: %s", err, data)
		}
		if !acc.AddChunk(chunk) {
			t.Fatalf("the library refuses %s", data)
		}
		if chunk.JSON.Usage.Valid() {
			usage = json.RawMessage(chunk.Usage.RawJSON())
		}
		for _, choice := range chunk.Choices {
			if extra, ok := choice.Delta.JSON.ExtraFields["reasoning_content"]; ok {
				var text string
				if err := json.Unmarshal([]byte(extra.Raw()), &text); err != nil {
					t.Fatal(err)
				}
				reasoning += text
			}
		}
	}
	c := acc.Choices[0]
	message := map[string]any{"role": "assistant", "content": orNull(c.Message.Content),
		"refusal": orNull(c.Message.Refusal)}
	if reasoning != "" {
		message["reasoning_content"] = reasoning
	}
	var list []any
	for _, call := range c.Message.ToolCalls {
		list = append(list, map[string]any{"id": call.ID, "type": "function",
			"function": map[string]any{"name": call.Function.Name, "arguments": call.Function.Arguments}})
	}
	if list != nil {
		message["tool_calls"] = list
	}
	return mustEncode(t, map[string]any{"id": acc.ID, "object": "chat.completion", "created": acc.Created,
		"model":   acc.Model,
		"choices": []any{map[string]any{"index": 0, "message": message, "logprobs": nil, "finish_reason": c.FinishReason}},
		"usage":   usage})
}

func orNull(text string) any {
	if text == "" {
		return nil
	}
	return text
}

func mustEncode(t *testing.T, v any) []byte {
	t.Helper()
	out, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return out
}
