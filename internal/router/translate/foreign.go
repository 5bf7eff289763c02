package translate

import "bytes"

// WithoutReasoning returns the body of a request for responses without the reasoning that
// isForeign reports, by its encrypted content or by its id: an upstream refuses a request
// with reasoning that another one encrypted or keeps.
func WithoutReasoning(body []byte, isForeign func(state []byte) bool) []byte {
	c := cutter{scan: scan{doc: body}}
	c.object(func(key []byte) {
		if string(key) == "input" {
			c.elements(func(item []byte) bool { return hasState(item, isForeign) }, "")
		}
	})
	if c.err != nil || c.copied == 0 {
		return body
	}
	return append(c.out, body[c.copied:]...)
}

// hasState reports whether isForeign reports the encrypted content or the id of an item.
func hasState(item []byte, isForeign func(state []byte) bool) bool {
	if len(item) == 0 || item[0] != '{' {
		return false
	}
	found := false
	s := &scan{doc: item}
	s.object(func(key []byte) {
		value := s.raw()
		isState := string(key) == "encrypted_content" || string(key) == "id" && bytes.HasPrefix(value, []byte(`"rs_`))
		found = found || isState && len(value) > 2 && isForeign(bytes.Trim(value, `"`))
	})
	return found
}
