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

// tool is a declared tool in any of the three dialects: chat completions nest
// name and schema in "function", the others do not.
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

// isCallable reports whether a client would run the tool itself; web_search and
// the like run at the provider.
func (t tool) isCallable() bool {
	return t.name() != "" && (t.Type == "" || t.Type == "function" || t.Type == "custom" && len(t.InputSchema) > 0)
}

// chooseTool returns the call that the request forces by tool_choice or that the
// text asks for with "call tool NAME", optionally followed by a JSON object of
// arguments; nil when there is none.
func (c *call) chooseTool(said string) *toolCall {
	choice := c.req.toolChoice()
	if choice.mode == "none" {
		return nil
	}
	wanted, arguments := parseToolCall(said)
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

// choice is a tool_choice: a mode (auto, none, any) or one tool's name.
type choice struct{ mode, name string }

// toolChoice reads the field in the forms of the three dialects: "auto",
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

// parseToolCall returns NAME of "call tool NAME" in a text and the JSON object after it.
func parseToolCall(said string) (name, arguments string) {
	const ask = "call tool "
	i := strings.LastIndex(strings.ToLower(said), ask)
	if i < 0 || len(strings.ToLower(said)) != len(said) {
		return "", "{}"
	}
	rest := strings.TrimLeft(said[i+len(ask):], "`\"' ")
	end := strings.IndexFunc(rest, func(r rune) bool { return !isNameRune(r) })
	if end < 0 {
		end = len(rest)
	}
	return rest[:end], firstObject(rest[end:])
}

// isNameRune reports whether r can stand in a tool's name.
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
