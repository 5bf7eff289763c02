package translate

import (
	"bytes"
	"slices"
)

// request is the content of a request, independent of its dialect. Its values are slices
// of the client's body: raw JSON values, or texts (the inside of a JSON string).
type request struct {
	*Call
	problem *RequestError

	model     []byte // raw
	system    span   // the system prompt that stands outside the conversation
	turns     []turn
	parts     []part // of all turns
	inner     []part // of all tool results
	tools     []tool
	choice    toolChoice
	parallel  []byte // raw: whether several tools may be called at once
	maxTokens []byte // raw: the limit of the reply's tokens
	params    [paramCount][]byte
	effort    effort
	format    format

	buffers       *buffers // the origin of turns, parts, inner and scratch
	reserved      int      // bytes of buffers that Options.Reserve granted
	isOutOfMemory bool     // Options.Reserve granted no more
	scratch       []part   // for the parts of one message
	documents     int      // converse upstream: documents that were written
	hasCustom     bool     // the conversation has calls of custom tools
	serverTools   []string // kinds and names of the tools that were left out
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
	thinkingPart // a text, with its signature in id
	redactedPart // encrypted thinking, in id
	callPart
	resultPart
)

// part is a piece of a turn. Its kind determines which fields are used.
type part struct {
	kind      partKind
	isJSON    bool       // callPart: text is a raw JSON value, not the inside of a JSON string
	isError   bool       // resultPart
	custom    bool       // callPart, resultPart: the tool takes a plain text
	cache     cachePoint // converse upstream: it stands behind the part
	text      []byte     // text; thinking; arguments; an image's or a file's base64 data or address
	media     []byte     // imagePart, filePart: the type of the data in text; nil when text is an address
	id        []byte     // callPart, resultPart: the call's id; thinking: its signature; imagePart: the detail
	name      []byte     // callPart: the tool; filePart: the file
	namespace []byte     // callPart
	inner     span       // resultPart
}

// tool is a function that the model may call.
type tool struct {
	name        []byte     // text
	namespace   []byte     // text
	description []byte     // text
	schema      []byte     // raw
	strict      []byte     // raw
	custom      bool       // it takes a plain text
	cache       cachePoint // converse upstream: it stands behind the tool
	grammar     []byte     // raw: the format that the text must have
}

// choiceMode is the kind of a toolChoice.
type choiceMode uint8

const (
	choiceUnset choiceMode = iota
	choiceAuto
	choiceNone
	choiceRequired
	choiceTool
)

// toolChoice is which tools the model may or must call.
type toolChoice struct {
	mode      choiceMode
	name      []byte // text
	namespace []byte // text
}

// format is the format that the reply must have.
type format struct {
	isObject    bool   // any JSON object
	schema      []byte // raw
	name        []byte // text
	strict      []byte // raw
	description []byte // text
}

// isSet reports whether the reply must have a format.
func (f *format) isSet() bool { return f.isObject || f.schema != nil }

// refuse records why the request is refused: the first member that the upstream's dialect
// cannot express.
func (r *request) refuse(member, reason string) {
	if r.problem == nil {
		r.problem = &RequestError{Member: member, Reason: reason}
	}
}

// add adds a part to the conversation: to the last turn if that has the same role, else
// to a new turn.
func (r *request) add(role role, p part) {
	r.parts = append(r.parts, p)
	if n := len(r.turns); n > 0 && r.turns[n-1].role == role {
		r.turns[n-1].to = len(r.parts)
		return
	}
	r.turns = append(r.turns, turn{role, span{len(r.parts) - 1, len(r.parts)}})
}

// addText adds a text, unless it is empty.
func (r *request) addText(role role, text []byte) {
	if len(text) > 0 {
		r.add(role, part{text: text})
	}
}

// addToSystem adds the parts from index from on, which belong to no turn, to the system
// prompt.
func (r *request) addToSystem(from int) {
	if from == len(r.parts) {
		return
	}
	if r.system.to == r.system.from {
		r.system = span{from, len(r.parts)}
		return
	}
	system := slices.Concat(r.parts[r.system.from:r.system.to], r.parts[from:])
	r.system.from = len(r.parts)
	r.parts = append(r.parts, system...)
	r.system.to = len(r.parts)
}

// moveLeadingSystem moves the system messages at the beginning of the conversation to
// the system prompt.
func (r *request) moveLeadingSystem() {
	if len(r.turns) == 0 || r.turns[0].role != systemRole {
		return
	}
	first := r.turns[0].span
	r.turns = r.turns[1:]
	if r.system.to == r.system.from {
		r.system = first
		return
	}
	system := slices.Concat(r.parts[r.system.from:r.system.to], r.parts[first.from:first.to])
	r.system.from = len(r.parts)
	r.parts = append(r.parts, system...)
	r.system.to = len(r.parts)
}

// result returns the parts of the tool result p.
func (r *request) result(p *part) []part { return r.inner[p.inner.from:p.inner.to] }

// addInner adds a part of a tool result: a text, an image or a file.
func (r *request) addInner(p part) {
	if p.kind != textPart || len(p.text) > 0 {
		r.inner = append(r.inner, p)
	}
}

// newAttachment returns a part for the image or file at an address, which may be a data:
// address that holds the data itself.
func newAttachment(kind partKind, address []byte) part {
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

// appendAddress appends the address of an image or a file, or a data: address that
// holds its data, as a JSON string.
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
