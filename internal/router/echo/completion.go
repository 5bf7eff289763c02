package echo

import (
	"fmt"
	"net/http"
)

// completionReply is a text completion, or a chunk of one.
type completionReply struct {
	ID      string             `json:"id"`
	Object  string             `json:"object"`
	Created int64              `json:"created"`
	Model   string             `json:"model"`
	Choices []completionChoice `json:"choices"`
	Usage   *usage             `json:"usage,omitempty"`
}

type completionChoice struct {
	Index        int       `json:"index"`
	Text         string    `json:"text"`
	Logprobs     *struct{} `json:"logprobs"`
	FinishReason *string   `json:"finish_reason"`
}

// completions answers POST /v1/completions: one choice a prompt.
func completions(c *call) error {
	prompts, err := texts(c.req.Prompt)
	if err != nil {
		return fmt.Errorf("prompt: %w", err)
	}
	if len(prompts) == 0 {
		return missing("prompt")
	}
	if c.req.Stream {
		c.completionStream(prompts)
		return nil
	}
	reply, in, out := c.completionReply(), 0, 0
	for i, prompt := range prompts {
		text := c.echo(prompt)
		in, out = in+tokens(prompt), out+tokens(text)
		reply.Choices = append(reply.Choices, completionChoice{Index: i, Text: text, FinishReason: new("stop")})
	}
	reply.Usage = newUsage(in, out)
	c.reply(reply)
	return nil
}

func (c *call) completionReply(choices ...completionChoice) completionReply {
	if choices == nil {
		choices = []completionChoice{}
	}
	return completionReply{
		ID: "cmpl-" + c.digest, Object: "text_completion", Created: c.created, Model: c.req.Model, Choices: choices,
	}
}

// completionStream sends the choices one after the other.
func (c *call) completionStream(prompts []string) {
	st := c.stream()
	failed := func(message string) { st.send("", openAI.errorBody(http.StatusServiceUnavailable, message)) }
	in, out := 0, 0
	for i, prompt := range prompts {
		text := c.echo(prompt)
		in, out = in+tokens(prompt), out+tokens(text)
		emit := func(piece string) { st.send("", c.completionReply(completionChoice{Index: i, Text: piece})) }
		if !st.deltas(text, emit, failed) {
			return
		}
		st.send("", c.completionReply(completionChoice{Index: i, FinishReason: new("stop")}))
	}
	if c.req.StreamOptions.IncludeUsage {
		last := c.completionReply()
		last.Usage = newUsage(in, out)
		st.send("", last)
	}
	st.done()
}
