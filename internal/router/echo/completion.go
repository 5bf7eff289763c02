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

// completionChoice is one choice of a reply or of a chunk.
type completionChoice struct {
	Index        int       `json:"index"`
	Text         string    `json:"text"`
	Logprobs     *struct{} `json:"logprobs"`
	FinishReason *string   `json:"finish_reason"`
}

// answerCompletions answers POST /v1/completions with one choice for each prompt.
func answerCompletions(c *call) error {
	prompts, err := parseTexts(c.req.Prompt)
	if err != nil {
		return fmt.Errorf("prompt: %w", err)
	}
	if len(prompts) == 0 {
		return missingError("prompt")
	}
	if c.req.Stream {
		c.streamCompletions(prompts)
		return nil
	}
	reply, in, out := c.newCompletionReply(), 0, 0
	for i, prompt := range prompts {
		text := c.echo(prompt)
		in, out = in+tokens(prompt), out+tokens(text)
		reply.Choices = append(reply.Choices, completionChoice{Index: i, Text: text, FinishReason: new("stop")})
	}
	reply.Usage = newUsage(in, out)
	c.writeReply(reply)
	return nil
}

// newCompletionReply returns a reply or a chunk with those choices.
func (c *call) newCompletionReply(choices ...completionChoice) completionReply {
	if choices == nil {
		choices = []completionChoice{}
	}
	return completionReply{
		ID: "cmpl-" + c.digest, Object: "text_completion", Created: c.created, Model: c.req.Model, Choices: choices,
	}
}

// streamCompletions sends the choices one after the other.
func (c *call) streamCompletions(prompts []string) {
	st := c.beginStream()
	sendError := func(message string) { st.send("", openAI.errorBody(http.StatusServiceUnavailable, message)) }
	in, out := 0, 0
	for i, prompt := range prompts {
		text := c.echo(prompt)
		in, out = in+tokens(prompt), out+tokens(text)
		sendPiece := func(piece string) { st.send("", c.newCompletionReply(completionChoice{Index: i, Text: piece})) }
		if !st.sendDeltas(text, sendPiece, sendError) {
			return
		}
		st.send("", c.newCompletionReply(completionChoice{Index: i, FinishReason: new("stop")}))
	}
	if c.req.StreamOptions.IncludeUsage {
		last := c.newCompletionReply()
		last.Usage = newUsage(in, out)
		st.send("", last)
	}
	st.sendDone()
}
