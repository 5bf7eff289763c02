package translate

import (
	"bytes"
	"slices"
)

// An upstream that knows only functions gets a custom tool, which takes a plain text, as a
// function with one string. The first two stand before and after that string in the
// arguments, as texts; the last is the schema of the arguments.
const (
	customOpen   = `{\"input\":\"`
	customClose  = `\"}`
	customSchema = `{"type":"object","properties":{"input":{"type":"string"}},"required":["input"],` +
		`"additionalProperties":false}`
)

// appendSchema appends the schema of a tool's arguments. It adds empty properties to a
// schema that has none, since some upstreams refuse that.
func appendSchema(dst []byte, t *tool) []byte {
	switch {
	case t.custom:
		return append(dst, customSchema...)
	case len(t.schema) == 0 || t.schema[0] != '{':
		return append(dst, `{"type":"object","properties":{}}`...)
	case hasMember(t.schema, "properties"):
		return append(dst, t.schema...)
	}
	end := bytes.LastIndexByte(t.schema, '}')
	dst = append(dst, bytes.TrimRight(t.schema[:end], " \t\r\n")...)
	if !hasMember(t.schema, "type") {
		dst = append(appendKey(dst, "type"), `"object"`...)
	}
	return append(appendKey(dst, "properties"), `{}}`...)
}

// hasMember reports whether an object has a member of that name.
func hasMember(object []byte, name string) bool {
	if !bytes.Contains(object, []byte(name)) {
		return false
	}
	found := false
	s := &scan{doc: object}
	s.object(func(key []byte) { found = found || string(key) == name })
	return found
}

// appendDescription appends the member description, which also has the grammar of the text
// that a custom tool takes.
func (t *tool) appendDescription(dst []byte) []byte {
	if len(t.description) == 0 && len(t.grammar) == 0 {
		return dst
	}
	dst = append(appendKey(dst, "description"), '"')
	dst = append(dst, t.description...)
	if len(t.grammar) > 0 {
		dst = append(dst, `\n\nThe input has to match this format: `...)
		dst = appendEscaped(dst, t.grammar)
	}
	return append(dst, '"')
}

// checkChoice refuses a request that forces the call of a tool that was left out.
func (r *request) checkChoice() {
	forced := r.choice.mode == choiceTool && slices.Contains(r.serverTools, string(r.choice.name))
	if forced || r.choice.mode == choiceRequired && len(r.tools) == 0 && len(r.serverTools) > 0 {
		name := string(r.choice.name)
		if name == "" {
			name = r.serverTools[0]
		}
		r.refuse("tool_choice", "the tool "+name+" can only be run by the provider itself; "+
			"use a model whose upstream has it, or do not force it")
	}
}
