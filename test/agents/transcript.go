package agents

import (
	"encoding/json"
	"strings"
)

// transcript is what an agent said, read from the events that it prints as JSON lines.
type transcript struct {
	answer   string // the last one
	thinking string
}

// event has the members of the agents' events that count here.
type event struct {
	Type   string `json:"type"`
	Result string `json:"result"` // Claude Code's last event
	Item   struct {
		Type string `json:"type"`
		Text string `json:"text"`
	} `json:"item"` // Codex's item.completed
	Message struct {
		Content json.RawMessage `json:"content"`
	} `json:"message"` // Claude Code's assistant
	Role    string `json:"role"`    // Gemini CLI's message
	Content string `json:"content"` // a piece of it
}

// readTranscript reads the events. Lines that are not events are left out.
func readTranscript(out string) transcript {
	var t transcript
	for line := range strings.Lines(out) {
		var e event
		if json.Unmarshal([]byte(line), &e) != nil {
			continue
		}
		switch {
		case e.Type == "result" && e.Result != "":
			t.answer = e.Result
		case e.Type == "message" && e.Role == "assistant":
			t.answer += e.Content
		case e.Type == "tool_use": // what Gemini CLI says before it is not the answer
			t.answer = ""
		case e.Item.Type == "agent_message":
			t.answer = e.Item.Text
		case e.Item.Type == "reasoning":
			t.thinking += e.Item.Text
		case e.Type == "assistant":
			var blocks []struct{ Thinking string }
			if json.Unmarshal(e.Message.Content, &blocks) == nil {
				for _, b := range blocks {
					t.thinking += b.Thinking
				}
			}
		}
	}
	return t
}
