package splice

import "bytes"

// Without returns a copy of the JSON object in doc without the members for whose keys
// isDropped returns true. It returns a document that is not an object unchanged.
func Without(doc []byte, isDropped func(key []byte) bool) []byte {
	tail := bytes.IndexByte(doc, '{') + 1 // the end of the previous member
	out := append(make([]byte, 0, len(doc)), doc[:tail]...)
	hasKept := false
	err := Members(doc, func(key []byte, _, end int) bool {
		member := doc[tail:end]
		tail = end
		if isDropped(key) {
			return true
		}
		if !hasKept {
			member = bytes.TrimLeft(member, ", \t\r\n")
		}
		hasKept, out = true, append(out, member...)
		return true
	})
	if err != nil {
		return doc
	}
	return append(out, doc[tail:]...)
}
