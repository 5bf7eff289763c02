package translate

import (
	"bytes"
	"regexp"
	"sync"
)

// Mark is the beginning of every opaque field that this package has written. Its first
// character is rare, so that searching a long body without it is fast.
const Mark = "~flowgate:"

// ownMark is the beginning of such a field, with the quote of its JSON string.
const ownMark = `"` + Mark

// Mark returns the beginning of every opaque field of the dialect that this package has
// written.
func (d Dialect) Mark() string {
	if d == Gemini {
		return packedMark
	}
	return Mark
}

// anySignature is the signature that Google's models accept for a call that another
// model made, according to Google's documentation of thought signatures.
const anySignature = "skip_thought_signature_validator"

// Native returns the body of a request for an upstream that speaks the client's
// dialect, without the thinking that came from an upstream with another dialect: its
// opaque fields mean nothing there, and Anthropic refuses them. In Google's dialect,
// such thinking is in signatures, and they are replaced with one that Google's models
// accept. A body without Mark has no such thinking and is returned unchanged.
func Native(d Dialect, body []byte) []byte {
	if d == Gemini {
		return replaceSignatures(body)
	}
	if d == Chat || !bytes.Contains(body, []byte(ownMark)) {
		return body
	}
	c := cutter{scan: scan{doc: body}}
	c.object(func(key []byte) {
		switch {
		case d == Messages && string(key) == "messages":
			c.array(func() {
				c.object(func(key []byte) {
					if string(key) == "content" && c.kind() == '[' {
						c.cutElements(isMarkedIn("signature"), `{"type":"text","text":"..."}`)
					}
				})
			})
		case d == Responses && string(key) == "input":
			c.cutElements(isMarkedIn("encrypted_content"), "")
		}
	})
	if c.err != nil || c.copied == 0 {
		return body
	}
	return append(c.out, body[c.copied:]...)
}

// ownSignatures matches the signatures in a body of Google's dialect that this package
// has written.
var ownSignatures = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`("thought(?:S|_s)ignature"\s*:\s*")` + packedMark + `[^"]*"`)
})

// replaceSignatures replaces the package's own signatures with anySignature.
func replaceSignatures(body []byte) []byte {
	return ownSignatures().ReplaceAll(body, []byte(`${1}`+anySignature+`"`))
}

// cutter copies a document without some elements of its arrays.
type cutter struct {
	scan
	out    []byte
	copied int // offset up to which the document was copied or cut
}

// cutElements reads an array and cuts out the elements that isMarked reports. If none is
// left, the array gets substitute as its element.
func (c *cutter) cutElements(isMarked func(object []byte) bool, substitute string) {
	type element struct {
		from, to int
		isCut    bool
	}
	var all []element
	marked := 0
	c.array(func() {
		from := c.at
		isCut := isMarked(c.raw())
		if isCut {
			marked++
		}
		all = append(all, element{from, c.at, isCut})
	})
	if c.err != nil || marked == 0 {
		return
	}
	c.out = append(c.out, c.doc[c.copied:all[0].from]...)
	kept := 0
	for _, e := range all {
		if e.isCut {
			continue
		}
		if kept++; kept > 1 {
			c.out = append(c.out, ',')
		}
		c.out = append(c.out, c.doc[e.from:e.to]...)
	}
	if kept == 0 {
		c.out = append(c.out, substitute...)
	}
	c.copied = all[len(all)-1].to
}

// isMarkedIn returns a function that reports whether the named member of an object is one
// of the package's own opaque fields.
func isMarkedIn(field string) func(object []byte) bool {
	return func(object []byte) bool { return hasMark(object, field) }
}

// hasMark reports whether the named member of an object is one of the package's own
// opaque fields.
func hasMark(object []byte, field string) bool {
	if !bytes.Contains(object, []byte(ownMark)) {
		return false
	}
	found := false
	s := &scan{doc: object}
	s.object(func(key []byte) {
		found = found || string(key) == field && bytes.HasPrefix(s.raw(), []byte(ownMark))
	})
	return found
}
