package client_test

import (
	"strings"
	"testing"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/responses"
)

// answerTo is a response to one text of the user.
func answerTo(text string) responses.ResponseNewParams {
	return responses.ResponseNewParams{
		Model: "router-default", Input: responses.ResponseNewParamsInputUnion{OfString: openai.String(text)},
	}
}

func response(t *testing.T, tg target) {
	client := tg.openAI()
	got, err := client.Responses.New(t.Context(), answerTo("good morning"))
	if err != nil {
		t.Fatal(err)
	}
	if got.OutputText() != "echo: good morning" || got.Status != "completed" || got.Usage.TotalTokens != 8 {
		t.Errorf("%s", got.RawJSON())
	}
}

func responseStreamed(t *testing.T, tg target) {
	client := tg.openAI()
	stream := client.Responses.NewStreaming(t.Context(), answerTo("good morning"))
	defer stream.Close()
	var said strings.Builder
	var completed *responses.Response
	for stream.Next() {
		switch e := stream.Current(); e.Type {
		case "response.output_text.delta":
			said.WriteString(e.Delta)
		case "response.completed":
			completed = &e.Response
		}
	}
	if err := stream.Err(); err != nil {
		t.Fatal(err)
	}
	if said.String() != "echo: good morning" || completed == nil || completed.OutputText() != said.String() {
		t.Errorf("the deltas say %q, completed is %+v", said.String(), completed)
	}
}

func responseTools(t *testing.T, tg target) {
	client, params := tg.openAI(), answerTo(`call tool weather {"city":"Bern"}`)
	params.Tools = []responses.ToolUnionParam{responses.ToolParamOfFunction("weather", map[string]any{"type": "object"},
		false)}
	got, err := client.Responses.New(t.Context(), params)
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Output) != 1 || got.Output[0].Type != "function_call" || got.Output[0].Name != "weather" {
		t.Fatalf("no call of the tool: %s", got.RawJSON())
	}
	call := got.Output[0].AsFunctionCall()
	if call.Arguments != `{"city":"Bern"}` || call.CallID == "" {
		t.Errorf("call %s", call.RawJSON())
	}
}
