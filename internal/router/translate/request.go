package translate

import (
	"bytes"
	"slices"
)

// request is what a request says, whatever its dialect. Its values are slices of
// the client's body: raw JSON values, or texts (the inside of a JSON string).
type request struct {
	*Call
	problem *RequestError

	model     []byte // raw
	lead      span   // the system prompt that stands outside the conversation
	turns     []turn
	parts     []part // of all turns
	inner     []part // of all tool results
	tools     []tool
	choice    toolChoice
	parallel  []byte // raw: whether several tools may be called at once
	maxTokens []byte // raw: how many tokens the reply may have
	params    [paramCount][]byte
	effort    effort
	format    format

	room        *room    // of turns, parts, inner and scratch
	reserved    int      // bytes of room that were counted
	isMemoryOut bool     // no more could be counted
	scratch     []part   // for the parts of one message
	hasCustom   bool     // the history has calls of custom tools
	serverTools []string // kinds and names of the tools that were left out
}

type role uint8

const (
	systemRole role = iota
	userRole
	assistantRole
)

// span is a range of request.parts or request.inner.
type span struct{ from, to int }

// turn holds all consecutive messages of one role.
type turn struct {
	role role
	span
}

type partKind uint8

const (
	textPart partKind = iota
	refusalPart
	imagePart
	filePart
	thinkingPart // text with its signature in id
	redactedPart // thinking that cannot be read, in id
	callPart
	resultPart
)

// part is a piece of a turn. Which fields count depends on its kind.
type part struct {
	kind      partKind
	isJSON    bool   // callPart: text is a raw JSON value and not the text of one
	isError   bool   // resultPart
	custom    bool   // callPart, resultPart: of a tool that takes a plain text
	text      []byte // text; thinking; arguments; an image's or a file's base64 data or address
	media     []byte // imagePart, filePart: the type of the data in text; nil when text is an address
	id        []byte // callPart, resultPart: the call's id; thinking: its signature; imagePart: the detail
	name      []byte // callPart: the tool; filePart: the file
	namespace []byte // callPart
	inner     span   // resultPart
}

// tool is a function that the model may call.
type tool struct {
	name        []byte // text
	namespace   []byte // text
	description []byte // text
	schema      []byte // raw
	strict      []byte // raw
	custom      bool   // it takes a plain text
	grammar     []byte // raw: what that text has to look like
}

type choiceMode uint8

const (
	choiceUnsaid choiceMode = iota
	choiceAuto
	choiceNone
	choiceRequired
	choiceTool
)

type toolChoice struct {
	mode      choiceMode
	name      []byte // text
	namespace []byte // text
}

// format is the form that the reply has to have.
type format struct {
	isObject bool   // any JSON object
	schema   []byte // raw
	name     []byte // text
	strict   []byte // raw
	about    []byte // text: its description
}

// isSet reports whether the reply has to have a form.
func (f *format) isSet() bool { return f.isObject || f.schema != nil }

// refuse notes the first member that cannot be said in the other dialect.
func (r *request) refuse(member, reason string) {
	if r.problem == nil {
		r.problem = &RequestError{Member: member, Reason: reason}
	}
}

// add adds a part to the conversation: to the last turn if it has the same role.
func (r *request) add(role role, p part) {
	r.parts = append(r.parts, p)
	if n := len(r.turns); n > 0 && r.turns[n-1].role == role {
		r.turns[n-1].to = len(r.parts)
		return
	}
	r.turns = append(r.turns, turn{role, span{len(r.parts) - 1, len(r.parts)}})
}

// addText adds a text that is not empty.
func (r *request) addText(role role, text []byte) {
	if len(text) > 0 {
		r.add(role, part{text: text})
	}
}

// addLead moves the parts from the given one on, which the conversation does not
// hold, to the system prompt.
func (r *request) addLead(from int) {
	if from == len(r.parts) {
		return
	}
	if r.lead.to == r.lead.from {
		r.lead = span{from, len(r.parts)}
		return
	}
	lead := slices.Concat(r.parts[r.lead.from:r.lead.to], r.parts[from:])
	r.lead.from = len(r.parts)
	r.parts = append(r.parts, lead...)
	r.lead.to = len(r.parts)
}

// raiseLead moves the system messages at the beginning of the conversation to
// the system prompt.
func (r *request) raiseLead() {
	if len(r.turns) == 0 || r.turns[0].role != systemRole {
		return
	}
	first := r.turns[0].span
	r.turns = r.turns[1:]
	if r.lead.to == r.lead.from {
		r.lead = first
		return
	}
	lead := slices.Concat(r.parts[r.lead.from:r.lead.to], r.parts[first.from:first.to])
	r.lead.from = len(r.parts)
	r.parts = append(r.parts, lead...)
	r.lead.to = len(r.parts)
}

// result returns the parts of a tool's result.
func (r *request) result(p *part) []part { return r.inner[p.inner.from:p.inner.to] }

// addInner adds a part of a tool result: a text, an image or a file.
func (r *request) addInner(p part) {
	if p.kind != textPart || len(p.text) > 0 {
		r.inner = append(r.inner, p)
	}
}

// dataOf returns the image or file at an address, which may hold the data itself.
func dataOf(kind partKind, address []byte) part {
	rest, ok := bytes.CutPrefix(address, []byte("data:"))
	if !ok {
		return part{kind: kind, text: address}
	}
	comma := bytes.IndexByte(rest, ',')
	if comma < 0 {
		return part{kind: kind, text: address}
	}
	media, isBase64 := bytes.CutSuffix(plainText(rest[:comma]), []byte(";base64"))
	if !isBase64 {
		return part{kind: kind, text: address}
	}
	return part{kind: kind, media: media, text: rest[comma+1:]}
}

// appendAddress appends where an image or a file is, or a data: address that
// holds it, as a JSON string.
func appendAddress(dst []byte, p *part) []byte {
	if p.media == nil {
		return appendText(dst, p.text)
	}
	dst = append(dst, `"data:`...)
	dst = appendEscaped(dst, p.media)
	dst = append(dst, `;base64,`...)
	dst = append(dst, p.text...)
	return append(dst, '"')
}
