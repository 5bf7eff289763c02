package client_test

import (
	"errors"
	"testing"

	"github.com/anthropics/anthropic-sdk-go"
	"github.com/openai/openai-go/v3"
)

// openAIStatus is the status of an error that the OpenAI client returned.
func openAIStatus(t *testing.T, err error) int {
	t.Helper()
	var e *openai.Error
	if !errors.As(err, &e) {
		t.Fatalf("want an error of the API, got %v", err)
	}
	return e.StatusCode
}

func anthropicStatus(t *testing.T, err error) int {
	t.Helper()
	var e *anthropic.Error
	if !errors.As(err, &e) {
		t.Fatalf("want an error of the API, got %v", err)
	}
	return e.StatusCode
}

// bothStatuses asks in both dialects and returns the statuses of the errors.
func bothStatuses(t *testing.T, tg target, model string) [2]int {
	t.Helper()
	o, a := tg.openAI(), tg.anthropic()
	_, chatErr := o.Chat.Completions.New(t.Context(), chatRequest(model, "hi"))
	_, messageErr := a.Messages.New(t.Context(), messageRequest(model, "hi"))
	return [2]int{openAIStatus(t, chatErr), anthropicStatus(t, messageErr)}
}

func wrongKey(t *testing.T, tg target) {
	want := 401
	if tg.kind == litellm {
		want = 400 // "No connected db.": without a database LiteLLM knows the master key only
	}
	if got := bothStatuses(t, tg.withKey("sk-wrong"), "router-default"); got != [2]int{want, want} {
		t.Errorf("statuses %v, want %d", got, want)
	}
}

func noKey(t *testing.T, tg target) {
	if got := bothStatuses(t, tg.withKey(""), "router-default"); got != [2]int{401, 401} {
		t.Errorf("statuses %v, want 401", got)
	}
}

func unknownModel(t *testing.T, tg target) {
	if got := bothStatuses(t, tg, "nobody-has-this"); got != [2]int{400, 400} {
		t.Errorf("statuses %v, want 400", got)
	}
}

// calls is how often a request reaches the upstream that fails every time.
func (tg target) calls() int {
	if tg.kind == direct {
		return 1
	}
	return 3 // num_retries: 2
}

func errorAfterRetries(t *testing.T, tg target) {
	client := tg.openAI()
	_, err := client.Chat.Completions.New(t.Context(), chatRequest("fail-503", "hi"))
	if got := openAIStatus(t, err); got != 503 {
		t.Errorf("status %d, want 503: %v", got, err)
	}
	if n := tg.upstream.called("fail-503"); n != tg.calls() {
		t.Errorf("%d calls upstream, want %d", n, tg.calls())
	}
}

func messagesErrorAfterRetries(t *testing.T, tg target) {
	client := tg.anthropic()
	_, err := client.Messages.New(t.Context(), messageRequest("fail-503-messages", "hi"))
	if got := anthropicStatus(t, err); got != 503 {
		t.Errorf("status %d, want 503: %v", got, err)
	}
	if n := tg.upstream.called("fail-503-messages"); n != tg.calls() {
		t.Errorf("%d calls upstream, want %d", n, tg.calls())
	}
}

func retriesHide(t *testing.T, tg target) {
	client := tg.openAI()
	got, err := client.Chat.Completions.New(t.Context(), chatRequest("failfirst2-503", "hi"))
	if err != nil {
		t.Fatal(err)
	}
	if n := tg.upstream.called("failfirst2-503"); got.Choices[0].Message.Content != "echo: hi" || n != 3 {
		t.Errorf("%q after %d calls upstream", got.Choices[0].Message.Content, n)
	}
}

func messagesRetriesHide(t *testing.T, tg target) {
	client := tg.anthropic()
	got, err := client.Messages.New(t.Context(), messageRequest("failfirst1-500-messages", "hi"))
	if err != nil {
		t.Fatal(err)
	}
	if n := tg.upstream.called("failfirst1-500-messages"); got.Content[0].Text != "echo: hi" || n != 2 {
		t.Errorf("%q after %d calls upstream", got.Content[0].Text, n)
	}
}
