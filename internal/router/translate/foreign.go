package translate

import "bytes"

// WithoutReasoning returns the body of a request to /v1/responses without the items whose
// encrypted content or reasoning id isForeign reports: an upstream refuses a request with
// reasoning that another upstream has encrypted or keeps.
func WithoutReasoning(body []byte, isForeign func(state []byte) bool) []byte {
	c := cutter{scan: scan{doc: body}}
	c.object(func(key []byte) {
		if string(key) == "input" {
			c.cutElements(func(item []byte) bool { return hasForeignState(item, isForeign) }, "")
		}
	})
	if c.err != nil || c.copied == 0 {
		return body
	}
	return append(c.out, body[c.copied:]...)
}

// hasForeignState reports whether isForeign reports the encrypted content or the id of an
// item.
func hasForeignState(item []byte, isForeign func(state []byte) bool) bool {
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
