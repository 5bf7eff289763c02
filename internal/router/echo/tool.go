package echo

import (
	"encoding/json"
	"strings"
)

// toolCall is a call of a tool that the client declared.
type toolCall struct {
	name      string
	arguments string // a JSON object
}

// tool is a declared tool of chat completions, responses or messages. Chat completions
// have the name and the schema in "function", the other two do not.
type tool struct {
	Type        string          `json:"type"`
	Name        string          `json:"name"`
	Parameters  json.RawMessage `json:"parameters"`
	InputSchema json.RawMessage `json:"input_schema"`
	Function    struct {
		Name       string          `json:"name"`
		Parameters json.RawMessage `json:"parameters"`
	} `json:"function"`
}

// name returns the tool's name.
func (t tool) name() string {
	if t.Function.Name != "" {
		return t.Function.Name
	}
	return t.Name
}

// schema returns the schema of the tool's arguments.
func (t tool) schema() json.RawMessage {
	switch {
	case len(t.Function.Parameters) > 0:
		return t.Function.Parameters
	case len(t.Parameters) > 0:
		return t.Parameters
	}
	return t.InputSchema
}

// isCallable reports whether the client runs the tool itself; web_search and
// similar tools run at the provider.
func (t tool) isCallable() bool {
	return t.name() != "" && (t.Type == "" || t.Type == "function" || t.Type == "custom" && len(t.InputSchema) > 0)
}

// chooseTool returns the call that the request forces by tool_choice, or that the
// input asks for with "call tool NAME" and optionally a JSON object of arguments
// after it; nil when there is none.
func (c *call) chooseTool(input string) *toolCall {
	choice := c.req.toolChoice()
	if choice.mode == "none" {
		return nil
	}
	wanted, arguments := parseToolCall(input)
	for _, t := range c.req.Tools {
		if !t.isCallable() {
			continue
		}
		switch name := t.name(); {
		case name == choice.name, choice.name == "" && name == wanted, choice.mode == "any":
			if name != wanted {
				arguments = "{}"
			}
			return &toolCall{name: name, arguments: arguments}
		}
	}
	return nil
}

// choice is a tool_choice: a mode (auto, none, any) or the name of one tool.
type choice struct{ mode, name string }

// toolChoice returns the choice of a request in the form of any of the three dialects: "auto",
// {"type":"function","function":{"name":N}}, {"type":"tool","name":N}.
func (r *request) toolChoice() choice {
	var word string
	if json.Unmarshal(r.ToolChoice, &word) == nil {
		return choice{mode: parseMode(word)}
	}
	var t tool
	if json.Unmarshal(r.ToolChoice, &t) != nil {
		return choice{mode: "auto"}
	}
	return choice{mode: parseMode(t.Type), name: t.name()}
}

// parseMode returns the mode that a word of tool_choice means.
func parseMode(word string) string {
	switch word {
	case "none":
		return "none"
	case "any", "required":
		return "any"
	}
	return "auto"
}

// parseToolCall returns NAME of the last "call tool NAME" in a text, and the JSON object after it.
func parseToolCall(text string) (name, arguments string) {
	const phrase = "call tool "
	lower := strings.ToLower(text)
	i := strings.LastIndex(lower, phrase)
	if i < 0 || len(lower) != len(text) { // with another length, i is not a place in text
		return "", "{}"
	}
	rest := strings.TrimLeft(text[i+len(phrase):], "`\"' ")
	end := strings.IndexFunc(rest, func(r rune) bool { return !isNameRune(r) })
	if end < 0 {
		end = len(rest)
	}
	return rest[:end], firstObject(rest[end:])
}

// isNameRune reports whether r may be in the name of a tool.
func isNameRune(r rune) bool {
	return r == '_' || r == '-' || '0' <= r && r <= '9' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z'
}

// firstObject returns the first JSON object in s, or an empty one.
func firstObject(s string) string {
	i := strings.IndexByte(s, '{')
	if i < 0 {
		return "{}"
	}
	var object json.RawMessage
	if json.NewDecoder(strings.NewReader(s[i:])).Decode(&object) != nil {
		return "{}"
	}
	return string(object)
}
