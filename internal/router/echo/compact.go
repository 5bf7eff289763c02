package echo

import (
	"encoding/json"
	"fmt"
)

// compactReply is a shortened conversation of the Responses API.
type compactReply struct {
	ID        string            `json:"id"`
	Object    string            `json:"object"` // "response.compaction"
	CreatedAt int64             `json:"created_at"`
	Output    []json.RawMessage `json:"output"`
	Usage     *responseUsage    `json:"usage"`
}

// compactItem is the item that stands for a conversation.
type compactItem struct {
	ID               string `json:"id"`
	Type             string `json:"type"` // "compaction"
	EncryptedContent string `json:"encrypted_content"`
}

// answerCompact answers POST /v1/responses/compact with the messages of the user, and one
// item that stands for the whole conversation.
func answerCompact(c *call) error {
	conversation, err := c.req.parseItems()
	if err != nil {
		return fmt.Errorf("input: %w", err)
	}
	reply := compactReply{ID: "resp_" + c.digest, Object: "response.compaction", CreatedAt: c.created,
		Usage: &responseUsage{InputTokens: c.req.tokens(conversation), OutputTokens: 1}}
	reply.Usage.TotalTokens = reply.Usage.InputTokens + 1
	var items []json.RawMessage
	_ = json.Unmarshal(c.req.Input, &items) // an input that is a text has no items to repeat
	for i, m := range conversation {
		if m.Role == "user" && i < len(items) {
			reply.Output = append(reply.Output, items[i])
		}
	}
	reply.Output = append(reply.Output, encode(compactItem{ID: "cmp_" + c.digest, Type: "compaction",
		EncryptedContent: fmt.Sprintf("echo: %d items", len(conversation))}))
	c.writeReply(reply)
	return nil
}
