package client_test

import (
	"strings"
	"testing"

	"github.com/anthropics/anthropic-sdk-go"
)

// messageRequest returns a message with one text of the user.
func messageRequest(model, text string) anthropic.MessageNewParams {
	return anthropic.MessageNewParams{
		Model: anthropic.Model(model), MaxTokens: 64,
		System:   []anthropic.TextBlockParam{{Text: "Be brief."}},
		Messages: []anthropic.MessageParam{anthropic.NewUserMessage(anthropic.NewTextBlock(text))},
	}
}

func messagesAt(model string) func(*testing.T, target) {
	return func(t *testing.T, tg target) {
		client := tg.anthropic()
		got, err := client.Messages.New(t.Context(), messageRequest(model, "good morning"))
		if err != nil {
			t.Fatal(err)
		}
		if len(got.Content) != 1 || got.Content[0].Text != "echo: good morning" || got.StopReason != "end_turn" {
			t.Errorf("%s", got.RawJSON())
		}
		if string(got.Model) != model || got.Usage.InputTokens == 0 || got.Usage.OutputTokens == 0 {
			t.Errorf("model %q, usage %s", got.Model, got.Usage.RawJSON())
		}
	}
}

// accumulateMessage reads a message stream to its end.
func accumulateMessage(t *testing.T, tg target, params anthropic.MessageNewParams) (anthropic.Message, error) {
	t.Helper()
	client := tg.anthropic()
	stream := client.Messages.NewStreaming(t.Context(), params)
	defer stream.Close()
	var whole anthropic.Message
	for stream.Next() {
		if err := whole.Accumulate(stream.Current()); err != nil {
			t.Fatal(err)
		}
	}
	return whole, stream.Err()
}

func messagesStreamedAt(model string) func(*testing.T, target) {
	return func(t *testing.T, tg target) {
		got, err := accumulateMessage(t, tg, messageRequest(model, "good morning"))
		if err != nil {
			t.Fatal(err)
		}
		if len(got.Content) != 1 || got.Content[0].Text != "echo: good morning" || got.StopReason != "end_turn" ||
			string(got.Model) != model {
			t.Errorf("%+v", got)
		}
		if got.Usage.OutputTokens == 0 {
			t.Error("the stream says nothing of its output tokens")
		}
	}
}

// toolRequest returns a message that asks for a tool.
func toolRequest(model string) anthropic.MessageNewParams {
	params := messageRequest(model, `call tool look {"at":"it"}`)
	params.Tools = []anthropic.ToolUnionParam{anthropic.ToolUnionParamOfTool(anthropic.ToolInputSchemaParam{
		Properties: map[string]any{"at": map[string]any{"type": "string"}},
	}, "look")}
	return params
}

func messagesToolsAt(model string) func(*testing.T, target) {
	return func(t *testing.T, tg target) {
		client, params := tg.anthropic(), toolRequest(model)
		got, err := client.Messages.New(t.Context(), params)
		if err != nil {
			t.Fatal(err)
		}
		if len(got.Content) != 1 || got.Content[0].Type != "tool_use" || got.Content[0].Name != "look" ||
			got.StopReason != "tool_use" {
			t.Fatalf("no call of the tool: %s", got.RawJSON())
		}
		params.Messages = append(params.Messages, got.ToParam(),
			anthropic.NewUserMessage(anthropic.NewToolResultBlock(got.Content[0].ID, "seen", false)))
		if got, err = client.Messages.New(t.Context(), params); err != nil {
			t.Fatal(err)
		}
		if len(got.Content) != 1 || got.Content[0].Text != "echo: seen" {
			t.Errorf("after the tool's result: %s", got.RawJSON())
		}
	}
}

func messagesToolsStreamed(t *testing.T, tg target) {
	got, err := accumulateMessage(t, tg, toolRequest("router-claude"))
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Content) != 1 || got.Content[0].Name != "look" || string(got.Content[0].Input) != `{"at":"it"}` ||
		got.StopReason != "tool_use" {
		t.Errorf("%+v", got)
	}
}

func messagesBroken(t *testing.T, tg target) {
	got, err := accumulateMessage(t, tg, messageRequest("cut-messages", "good morning"))
	if err == nil {
		t.Error("the client does not see that the stream broke")
	}
	if tg.kind == litellm && len(got.Content) == 0 {
		return // see chatBroken
	}
	if len(got.Content) != 1 || got.Content[0].Text == "" ||
		!strings.HasPrefix("echo: good morning", got.Content[0].Text) {
		t.Errorf("what came before the break is lost: %+v", got.Content)
	}
}

func countTokens(t *testing.T, tg target) {
	client := tg.anthropic()
	for _, model := range []string{"router-default", "router-claude"} {
		got, err := client.Messages.CountTokens(t.Context(), anthropic.MessageCountTokensParams{
			Model:    anthropic.Model(model),
			Messages: []anthropic.MessageParam{anthropic.NewUserMessage(anthropic.NewTextBlock(strings.Repeat("word ", 400)))},
		})
		if err != nil {
			t.Fatal(err)
		}
		if got.InputTokens < 300 || got.InputTokens > 700 {
			t.Errorf("%s: %d tokens for 400 words", model, got.InputTokens)
		}
	}
}
