package echo

import (
	"encoding/json"
	"net/http"
)

// The events of an Anthropic stream and their parts, in the order in which they come.
type (
	messageStart struct {
		Type    string       `json:"type"`
		Message messageReply `json:"message"`
	}
	blockStart struct {
		Type         string       `json:"type"`
		Index        int          `json:"index"`
		ContentBlock messageBlock `json:"content_block"`
	}
	blockDelta struct {
		Type  string     `json:"type"`
		Index int        `json:"index"`
		Delta blockPiece `json:"delta"`
	}
	blockPiece struct {
		Type        string  `json:"type"`
		Text        *string `json:"text,omitempty"`
		PartialJSON *string `json:"partial_json,omitempty"`
	}
	blockStop struct {
		Type  string `json:"type"`
		Index int    `json:"index"`
	}
	messageDelta struct {
		Type  string       `json:"type"`
		Delta messageEnd   `json:"delta"`
		Usage messageUsage `json:"usage"`
	}
	messageEnd struct {
		StopReason   string  `json:"stop_reason"`
		StopSequence *string `json:"stop_sequence"`
	}
	bareEvent struct {
		Type string `json:"type"`
	}
)

// streamMessage sends the answer as one content block.
func (c *call) streamMessage(a answer) {
	st := c.beginStream()
	st.send("message_start", messageStart{"message_start", c.newMessageReply(a.in, 1)})
	block, text := c.newMessageBlock(a), a.text
	newPiece := func(p string) blockPiece { return blockPiece{Type: "text_delta", Text: &p} }
	if a.tool == nil {
		block.Text = new("")
	} else {
		block.Input, text = json.RawMessage("{}"), a.tool.arguments
		newPiece = func(p string) blockPiece { return blockPiece{Type: "input_json_delta", PartialJSON: &p} }
	}
	st.send("content_block_start", blockStart{Type: "content_block_start", ContentBlock: block})
	st.send("ping", bareEvent{"ping"})
	sendPiece := func(p string) {
		st.send("content_block_delta", blockDelta{Type: "content_block_delta", Delta: newPiece(p)})
	}
	sendError := func(message string) {
		st.send("error", anthropic.errorBody(http.StatusServiceUnavailable, message))
	}
	if !st.sendDeltas(text, sendPiece, sendError) {
		return
	}
	st.send("content_block_stop", blockStop{Type: "content_block_stop"})
	st.send("message_delta", messageDelta{
		Type: "message_delta", Delta: messageEnd{StopReason: messageStopReason(a)},
		Usage: messageUsage{InputTokens: a.in, OutputTokens: a.out},
	})
	st.send("message_stop", bareEvent{"message_stop"})
}
