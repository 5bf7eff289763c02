package client_test

import (
	"strings"
	"testing"

	"github.com/openai/openai-go/v3"
)

// chatRequest returns a chat with one message of the user.
func chatRequest(model, text string) openai.ChatCompletionNewParams {
	return openai.ChatCompletionNewParams{
		Model: model, Messages: []openai.ChatCompletionMessageParamUnion{openai.UserMessage(text)},
	}
}

func chat(t *testing.T, tg target) {
	client := tg.openAI()
	got, err := client.Chat.Completions.New(t.Context(), chatRequest("router-default", "good morning"))
	if err != nil {
		t.Fatal(err)
	}
	if text := got.Choices[0].Message.Content; text != "echo: good morning" || got.Choices[0].FinishReason != "stop" {
		t.Errorf("%q, finish reason %q", text, got.Choices[0].FinishReason)
	}
	if got.Model != "router-default" || got.Usage.PromptTokens != 3 || got.Usage.TotalTokens != 8 {
		t.Errorf("model %q, usage %s", got.Model, got.Usage.RawJSON())
	}
}

// accumulate reads a chat stream to its end. The finish reasons come beside the
// accumulator, which forgets them when the usage chunk has a choice of its own:
// LiteLLM 1.106.2 sends one there, OpenAI and the embedded router do not.
func accumulate(t *testing.T, tg target, params openai.ChatCompletionNewParams) (acc openai.ChatCompletionAccumulator,
	finish string, err error) {
	t.Helper()
	client := tg.openAI()
	stream := client.Chat.Completions.NewStreaming(t.Context(), params)
	defer stream.Close()
	for stream.Next() {
		chunk := stream.Current()
		if !acc.AddChunk(chunk) {
			t.Fatalf("chunk does not fit: %s", chunk.RawJSON())
		}
		for _, choice := range chunk.Choices {
			finish += choice.FinishReason
		}
	}
	return acc, finish, stream.Err()
}

func chatStreamed(t *testing.T, tg target) {
	params := chatRequest("router-default", "good morning")
	params.StreamOptions.IncludeUsage = openai.Bool(true)
	acc, finish, err := accumulate(t, tg, params)
	if err != nil {
		t.Fatal(err)
	}
	if text := acc.Choices[0].Message.Content; text != "echo: good morning" || finish != "stop" {
		t.Errorf("%q, finish reason %q", text, finish)
	}
	if tg.kind != litellm && acc.Choices[0].FinishReason != "stop" {
		t.Errorf("the usage chunk undoes the finish reason: %q", acc.Choices[0].FinishReason)
	}
	if acc.Usage.TotalTokens != 8 {
		t.Errorf("usage of %d tokens, want 8", acc.Usage.TotalTokens)
	}
}

// weather is a chat that asks for a tool.
func weather() openai.ChatCompletionNewParams {
	params := chatRequest("router-default", `call tool weather {"city":"Bern"}`)
	params.Tools = []openai.ChatCompletionToolUnionParam{openai.ChatCompletionFunctionTool(openai.FunctionDefinitionParam{
		Name: "weather",
		Parameters: openai.FunctionParameters{"type": "object",
			"properties": map[string]any{"city": map[string]any{"type": "string"}}},
	})}
	return params
}

func chatTools(t *testing.T, tg target) {
	client, params := tg.openAI(), weather()
	got, err := client.Chat.Completions.New(t.Context(), params)
	if err != nil {
		t.Fatal(err)
	}
	calls := got.Choices[0].Message.ToolCalls
	if len(calls) != 1 || calls[0].Function.Name != "weather" || calls[0].Function.Arguments != `{"city":"Bern"}` ||
		got.Choices[0].FinishReason != "tool_calls" {
		t.Fatalf("no call of the tool: %s", got.RawJSON())
	}
	params.Messages = append(params.Messages, got.Choices[0].Message.ToParam(), openai.ToolMessage("rain", calls[0].ID))
	if got, err = client.Chat.Completions.New(t.Context(), params); err != nil {
		t.Fatal(err)
	}
	if text := got.Choices[0].Message.Content; text != "echo: rain" {
		t.Errorf("after the tool's result: %q", text)
	}
}

func chatToolsStreamed(t *testing.T, tg target) {
	acc, finish, err := accumulate(t, tg, weather())
	if err != nil {
		t.Fatal(err)
	}
	calls := acc.Choices[0].Message.ToolCalls
	if len(calls) != 1 || calls[0].Function.Name != "weather" || calls[0].Function.Arguments != `{"city":"Bern"}` ||
		calls[0].ID == "" || finish != "tool_calls" {
		t.Errorf("calls %+v, finish reason %q", calls, finish)
	}
}

func chatLong(t *testing.T, tg target) {
	client := tg.openAI()
	params := chatRequest("router-default", "the end")
	params.Messages = append([]openai.ChatCompletionMessageParamUnion{openai.SystemMessage(strings.Repeat("context ",
		300<<10/8))}, params.Messages...)
	got, err := client.Chat.Completions.New(t.Context(), params)
	if err != nil {
		t.Fatal(err)
	}
	if text := got.Choices[0].Message.Content; text != "echo: the end" || got.Usage.PromptTokens < 70_000 {
		t.Errorf("%q, %d prompt tokens", text, got.Usage.PromptTokens)
	}
}

func chatBroken(t *testing.T, tg target) {
	acc, _, err := accumulate(t, tg, chatRequest("cut", "good morning"))
	if err == nil {
		t.Error("the client does not see that the stream broke")
	}
	if tg.kind == litellm && len(acc.Choices) == 0 {
		return // its HTTP client drops what it had buffered when the connection broke: seen in 1 of 60 streams
	}
	if len(acc.Choices) == 0 || !strings.HasPrefix("echo: good morning", acc.Choices[0].Message.Content) ||
		acc.Choices[0].Message.Content == "" {
		t.Errorf("what came before the break is lost: %+v", acc.Choices)
	}
}
