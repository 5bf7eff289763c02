package translate

import (
	"bytes"
	"encoding/json"
)

// detailSignature begins the opaque field of thinking that came from OpenRouter. It is
// followed by the list reasoning_details, as a text. OpenRouter wants the list back as it
// was, whichever model it came from.
const detailSignature = "~flowgate:details:"

// reasoningDetail is an element of reasoning_details. In a stream an element comes in
// pieces, which have the same type and index. Its values are raw unless noted.
type reasoningDetail struct {
	kind, index []byte
	rest        [][2][]byte // further members: id, format, signature, data
	member      string      // text or summary: the member whose pieces are joined
	text        []byte      // a text
}

// keepDetails adds pieces of reasoning_details to the thinking that came last.
func (a *assembler) keepDetails(details []byte) {
	if !a.opts.Details || a.from == Chat || len(details) == 0 || details[0] != '[' || a.isOver() {
		return
	}
	s := &scan{doc: details}
	s.array(func() {
		if d := readDetail(s); d.kind != nil {
			a.addDetail(d)
		}
	})
	a.pump()
}

// readDetailTexts adds the texts of reasoning_details as reasoning. Snowflake sends them
// only there; OpenRouter sends the same texts as reasoning, too.
func (a *assembler) readDetailTexts(details []byte) {
	if len(details) == 0 || details[0] != '[' {
		return
	}
	s := &scan{doc: details}
	s.array(func() { a.readReasoning(readDetail(s).text) })
}

// readDetail reads an element of reasoning_details.
func readDetail(s *scan) (d reasoningDetail) {
	s.object(func(key []byte) {
		switch name := string(key); name {
		case "type":
			d.kind = clone(s.raw())
		case "index":
			d.index = clone(s.raw())
		case "text", "summary":
			if text, ok := s.text(); ok {
				d.member, d.text = name, clone(text)
			}
		default:
			if value := s.raw(); !isNull(value) {
				d.rest = append(d.rest, [2][]byte{clone(key), clone(value)})
			}
		}
	})
	return d
}

// addDetail adds a piece to the last detail if it continues that, else as a new detail.
func (a *assembler) addDetail(d reasoningDetail) {
	b := a.reply.last()
	if b == nil || b.kind != thinkingPart || b.closed {
		b = a.addBlock(&block{kind: thinkingPart})
	}
	a.size += len(d.text)
	for _, m := range d.rest {
		a.size += len(m[0]) + len(m[1])
	}
	if a.size > maxReply {
		a.fail(brokenReply("the upstream's reply is too long"))
		return
	}
	if n := len(b.details); n > 0 {
		if last := &b.details[n-1]; d.member != "" && last.member == d.member && bytes.Equal(last.kind, d.kind) &&
			bytes.Equal(last.index, d.index) {
			last.text = append(last.text, d.text...)
			last.rest = append(last.rest, d.rest...)
			return
		}
	}
	b.details = append(b.details, d)
}

// signDetails puts the details of thinking into its opaque field.
func (b *block) signDetails() {
	if len(b.details) == 0 {
		return
	}
	list := []byte{'['}
	for i := range b.details {
		list = b.details[i].append(appendComma(list))
	}
	b.signature = appendEscaped([]byte(detailSignature), append(list, ']'))
}

// append appends the detail as JSON. If a member came more than once, the last one is taken.
func (d *reasoningDetail) append(dst []byte) []byte {
	dst = appendMember(append(dst, '{'), "type", d.kind)
	if d.member != "" {
		dst = appendTextMember(dst, d.member, d.text)
	}
	for i, m := range d.rest {
		if !isRepeated(m[0], d.rest[i+1:]) {
			dst = appendText(appendComma(dst), appendEscaped(nil, m[0]))
			dst = append(append(dst, ':'), m[1]...)
		}
	}
	if len(d.index) > 0 {
		dst = appendMember(dst, "index", d.index)
	}
	return append(dst, '}')
}

// isRepeated reports whether a member of that name is among the later ones.
func isRepeated(name []byte, later [][2][]byte) bool {
	for _, m := range later {
		if bytes.Equal(m[0], name) {
			return true
		}
	}
	return false
}

// appendDetails appends the member reasoning_details with the details in the signatures of
// an assistant's turn.
func (r *request) appendDetails(dst []byte, parts []part) []byte {
	var list []byte
	for i := range parts {
		text, ok := unmarkSignature(detailSignature, parts[i].id)
		if !ok || parts[i].kind != thinkingPart {
			continue
		}
		plain := bytes.TrimSpace(plainText(text))
		if len(plain) < 3 || plain[0] != '[' || !json.Valid(plain) {
			continue // the client changed it
		}
		if list != nil {
			list = append(list, ',')
		}
		list = append(list, plain[1:len(plain)-1]...)
	}
	if list == nil {
		return dst
	}
	return append(append(append(appendKey(dst, "reasoning_details"), '['), list...), ']')
}
