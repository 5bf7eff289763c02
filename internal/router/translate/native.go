package translate

import (
	"bytes"
	"regexp"
	"sync"
)

// Mark is how every opaque field begins that the package has written. Its first
// character is rare, so that a long body without it is searched fast.
const Mark = "~flowgate:"

// ownMark is the beginning of such a field as a JSON string.
const ownMark = `"` + Mark

// Mark returns how every opaque field in the dialect begins that the package has written.
func (d Dialect) Mark() string {
	if d == Gemini {
		return packedMark
	}
	return Mark
}

// anySignature is what Google's models take for a call that another model made, by
// Google's documentation of thought signatures.
const anySignature = "skip_thought_signature_validator"

// Native returns the body of a request for an upstream that speaks the client's
// dialect, without the thinking that came from an upstream of another: its
// opaque fields mean nothing there, and Anthropic refuses them. A body without
// such thinking, which is one without Mark, is returned as it is.
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
						c.elements(markIn("signature"), `{"type":"text","text":"..."}`)
					}
				})
			})
		case d == Responses && string(key) == "input":
			c.elements(markIn("encrypted_content"), "")
		}
	})
	if c.err != nil || c.copied == 0 {
		return body
	}
	return append(c.out, body[c.copied:]...)
}

// ownSignatures finds the package's own signatures in a body of Google's dialect.
var ownSignatures = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`("thought(?:S|_s)ignature"\s*:\s*")` + packedMark + `[^"]*"`)
})

// replaceSignatures puts anySignature in the place of the package's own signatures.
func replaceSignatures(body []byte) []byte {
	return ownSignatures().ReplaceAll(body, []byte(`${1}`+anySignature+`"`))
}

// cutter copies a document without some elements of its arrays.
type cutter struct {
	scan
	out    []byte
	copied int // what stands before this place was copied or cut
}

// elements reads an array and cuts the objects out that isMarked reports. Where none is
// left, it puts in what may not be missing.
func (c *cutter) elements(isMarked func(object []byte) bool, substitute string) {
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

// markIn returns a function that reports whether an object has one of the package's own
// opaque fields under that name.
func markIn(field string) func(object []byte) bool {
	return func(object []byte) bool { return hasMark(object, field) }
}

// hasMark reports whether a member of an object is one of the package's own
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
