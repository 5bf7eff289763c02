package smoke

import (
	"bytes"
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/flowgate-go/flowgate/checks"
)

// Answer is the detail of a probe that got a reply.
type Answer struct {
	Status int    `json:"status"`
	Model  string `json:"model,omitempty"`
	Text   string `json:"text,omitempty"`   // head of what the model said
	Tokens int    `json:"tokens,omitempty"` // input tokens counted
	Events int    `json:"events,omitempty"` // server-sent events received
	Models int    `json:"models,omitempty"` // models listed
	Via    string `json:"via,omitempty"`    // deployment that answered
}

// message is one message of a prompt or a reply.
type message struct {
	Role    string `json:"role"`
	Content string `json:"content"`
}

// prompt is the question as chat completions and messages take it.
type prompt struct {
	Model     string    `json:"model"`
	Messages  []message `json:"messages"`
	MaxTokens int       `json:"max_tokens,omitempty"`
	Stream    bool      `json:"stream,omitempty"`
}

// question is what every probe asks the model.
const question = "FlowGate smoke test: answer with one word."

// prompt returns the question for the router's model.
func (r Router) prompt(stream bool) prompt {
	return prompt{Model: r.Model, Messages: []message{{"user", question}}, MaxTokens: 32, Stream: stream}
}

// Probes returns the checks that send real requests to r. needs lists the checks
// that must pass before any of them; timeout bounds each.
func (r Router) Probes(needs []string, timeout time.Duration) []checks.Check {
	if r.client == nil {
		r = r.requireOwner()
	}
	probe := func(id, title string, run func(context.Context) checks.Outcome) checks.Check {
		return checks.Check{ID: id, Title: title, Family: "smoke", Needs: needs, Timeout: timeout, Run: run}
	}
	return []checks.Check{
		probe("models.listed", "The router lists its models", r.checkModels),
		probe("chat.answered", "A chat completion is answered", r.checkChat),
		probe("chat.streamed", "A streamed chat completion arrives whole", r.checkStream),
		probe("responses.answered", "A response of the Responses API is answered", r.checkResponse),
		probe("responses.streamed", "A streamed response arrives whole", r.checkResponseStream),
		probe("messages.answered", "An Anthropic message is answered", r.checkMessages),
		probe("messages.streamed", "A streamed Anthropic message arrives whole", r.checkMessageStream),
		probe("tokens.counted", "Tokens of a message are counted", r.checkTokenCount),
		probe("key.refused", "A wrong key is refused", r.checkWrongKey),
		probe("fallback.taken", "A fallback answers when the first deployment fails", r.checkFallback),
	}
}

func (r Router) checkModels(ctx context.Context) checks.Outcome {
	var list struct {
		Data []struct {
			ID string `json:"id"`
		} `json:"data"`
	}
	a, err := r.send(ctx, http.MethodGet, "/v1/models", r.Key, nil)
	if err == nil {
		err = a.decode("/v1/models", &list)
	}
	if err != nil {
		return checks.Failed("%v", err)
	}
	for _, m := range list.Data {
		if m.ID == r.Model {
			return checks.Passed(Answer{Status: a.status, Models: len(list.Data)})
		}
	}
	names := []string{}
	for _, m := range list.Data[:min(len(list.Data), 5)] {
		names = append(names, m.ID)
	}
	return checks.Failed("/v1/models lists %d models (%s), and %q is not one of them", len(list.Data),
		strings.Join(names, ", "), r.Model).WithFix("", "smoke -model=GROUP asks for another one")
}

func (r Router) checkChat(ctx context.Context) checks.Outcome {
	var out struct {
		Model   string `json:"model"`
		Choices []struct {
			Message message `json:"message"`
		} `json:"choices"`
	}
	a, err := r.post(ctx, "/v1/chat/completions", r.prompt(false), &out)
	if err != nil {
		return checks.Failed("%v", err)
	}
	if len(out.Choices) == 0 || out.Choices[0].Message.Content == "" {
		return checks.Failed("the reply holds no text: %s", excerpt(a.body))
	}
	return checks.Passed(Answer{Status: a.status, Model: out.Model, Text: excerpt([]byte(out.Choices[0].Message.Content))})
}

func (r Router) checkMessages(ctx context.Context) checks.Outcome {
	var out struct {
		Model   string `json:"model"`
		Content []struct {
			Text string `json:"text"`
		} `json:"content"`
	}
	a, err := r.post(ctx, "/v1/messages", r.prompt(false), &out)
	if err != nil {
		return checks.Failed("%v", err)
	}
	if len(out.Content) == 0 || out.Content[0].Text == "" {
		return checks.Failed("the reply holds no text: %s", excerpt(a.body))
	}
	return checks.Passed(Answer{Status: a.status, Model: out.Model, Text: excerpt([]byte(out.Content[0].Text))})
}

// responsePrompt is the question as the Responses API takes it.
type responsePrompt struct {
	Model     string `json:"model"`
	Input     string `json:"input"`
	MaxTokens int    `json:"max_output_tokens"`
	Stream    bool   `json:"stream,omitempty"`
}

// responsePrompt returns the question for the router's model.
func (r Router) responsePrompt(stream bool) responsePrompt {
	return responsePrompt{Model: r.Model, Input: question, MaxTokens: 32, Stream: stream}
}

func (r Router) checkResponse(ctx context.Context) checks.Outcome {
	var out struct {
		Model  string `json:"model"`
		Output []struct {
			Content []struct {
				Text string `json:"text"`
			} `json:"content"`
		} `json:"output"`
	}
	a, err := r.post(ctx, "/v1/responses", r.responsePrompt(false), &out)
	if err != nil {
		return checks.Failed("%v", err)
	}
	for _, item := range out.Output { // a model that thinks has items without text
		for _, part := range item.Content {
			if part.Text != "" {
				return checks.Passed(Answer{Status: a.status, Model: out.Model, Text: excerpt([]byte(part.Text))})
			}
		}
	}
	return checks.Failed("the reply holds no text: %s", excerpt(a.body))
}

func (r Router) checkTokenCount(ctx context.Context) checks.Outcome {
	var out struct {
		InputTokens int `json:"input_tokens"`
	}
	p := r.prompt(false)
	p.MaxTokens = 0
	a, err := r.post(ctx, "/v1/messages/count_tokens", p, &out)
	if err != nil {
		return checks.Failed("%v", err)
	}
	if out.InputTokens <= 0 {
		return checks.Failed("counted %d tokens: %s", out.InputTokens, excerpt(a.body))
	}
	return checks.Passed(Answer{Status: a.status, Tokens: out.InputTokens})
}

// refusalStatuses are the statuses by which routers refuse a wrong key. LiteLLM 1.106
// without a database answers 400 instead, which checkWrongKey accepts too.
var refusalStatuses = []int{http.StatusUnauthorized, http.StatusForbidden}

func (r Router) checkWrongKey(ctx context.Context) checks.Outcome {
	a, err := r.send(ctx, http.MethodPost, "/v1/chat/completions", "sk-flowgate-wrong-key", r.prompt(false))
	if err != nil {
		return checks.Failed("%v", err)
	}
	litellm := a.status == http.StatusBadRequest && bytes.Contains(a.body, []byte("No connected db"))
	if litellm || slices.Contains(refusalStatuses, a.status) {
		return checks.Passed(Answer{Status: a.status})
	}
	if a.status == http.StatusOK {
		return checks.Failed("a wrong key was answered with 200: the router serves every client that reaches it").
			WithFix("mage init", "set general_settings.master_key, or let init write a configuration that has one")
	}
	return checks.Failed("a wrong key was answered with %d instead of 401: %s", a.status, excerpt(a.body))
}

// FallbackModel is the group whose only deployment fails in a private stack.
const FallbackModel = "smoke-fallback"

func (r Router) checkFallback(ctx context.Context) checks.Outcome {
	var out struct {
		Model string `json:"model"`
	}
	p := r.prompt(false)
	p.Model = FallbackModel
	a, err := r.post(ctx, "/v1/chat/completions", p, &out)
	if err != nil {
		if !r.Private && (a.status == http.StatusBadRequest || a.status == http.StatusNotFound) {
			return checks.Skipped(
				"this router has no group %s whose first deployment fails on purpose; a private stack has one",
				FallbackModel,
			)
		}
		return checks.Failed("no fallback was taken: %v", err)
	}
	if n := a.header.Get("x-litellm-attempted-fallbacks"); n == "" || n == "0" {
		return checks.Failed("answered, but without a fallback (x-litellm-attempted-fallbacks: %q)", n)
	}
	return checks.Passed(Answer{Status: a.status, Model: out.Model, Via: a.header.Get("x-litellm-model-id")})
}
