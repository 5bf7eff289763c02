package echo

import (
	"strings"
	"unicode/utf8"
)

// Bounds of an answer in bytes.
const (
	maxEcho = 2 << 10 // of the input that an answer repeats: agents send 76 kB
	bigEcho = 2 << 20 // the answer of a model named big
)

// answer is the content of a reply: a text, or a call of a tool.
type answer struct {
	text string
	tool *toolCall
	in   int // tokens of the request
	out  int // tokens of the answer
}

// chooseAnswer returns the answer to a conversation: a tool call when the user
// asks for one or tool_choice forces one, else the echo of the last input.
func (c *call) chooseAnswer(conversation []message) answer {
	a := answer{in: c.req.tokens(conversation)}
	input, isToolResult := lastInput(conversation)
	if !isToolResult {
		a.tool = c.chooseTool(input)
	}
	if a.tool != nil {
		a.out = tokens(a.tool.name) + tokens(a.tool.arguments)
		return a
	}
	a.text = c.echo(input)
	a.out = tokens(a.text)
	return a
}

// echo returns the text that answers input.
func (c *call) echo(input string) string {
	text := "echo: " + clip(input, maxEcho)
	if !c.script.big {
		return text
	}
	text += " "
	return clip(strings.Repeat(text, bigEcho/len(text)+1), bigEcho)
}

// clip returns at most the first n bytes of s, cut between two characters.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

// lastInput returns what the model has to answer: the result of a tool, or the last
// text of the last user message, whichever comes later. Agents put reminders and
// context in earlier blocks; what the person typed comes last.
func lastInput(conversation []message) (text string, isToolResult bool) {
	for i := len(conversation) - 1; i >= 0; i-- {
		m := conversation[i]
		switch {
		case m.Role == "tool":
			return m.Content.text(), true
		case strings.HasSuffix(m.Type, "_call_output"):
			return m.Output.text(), true
		case m.Role == "user" && len(m.Content) > 0:
			last := m.Content[len(m.Content)-1]
			if last.Type == "tool_result" {
				return last.Content.text(), true
			}
			return lastText(m.Content), false
		}
	}
	return "", false
}

// lastText returns the last text of the blocks; images have no text.
func lastText(c content) string {
	for i := len(c) - 1; i >= 0; i-- {
		if c[i].Text != "" {
			return c[i].Text
		}
	}
	return ""
}

// tokens returns about how many tokens a text has: one for each four characters, the average of tokenizers.
func tokens(s string) int { return (utf8.RuneCountInString(s) + 3) / 4 }

// tokens returns about how many tokens the whole request has: system prompt, tools and conversation.
func (r *request) tokens(conversation []message) int {
	n := tokens(r.System.text()) + tokens(r.Instructions.text())
	for _, m := range conversation {
		n += tokens(m.Content.text()) + tokens(m.Output.text())
	}
	for _, t := range r.Tools {
		n += tokens(t.name()) + tokens(string(t.schema()))
	}
	return n
}

// splitText splits a text into the deltas of a stream: one for each four characters,
// but at least five, so that a stream can break after three, and at most 64. A text
// of fewer than five characters has one delta for each of them.
func splitText(text string) []string {
	runes := []rune(text)
	n := min(max(len(runes)/4, 5), 64, max(len(runes), 1))
	list := make([]string, n)
	for i := range list {
		list[i] = string(runes[i*len(runes)/n : (i+1)*len(runes)/n])
	}
	return list
}
