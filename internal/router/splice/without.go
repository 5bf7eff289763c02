package splice

import "bytes"

// Without returns a copy of the JSON object in doc without the members whose keys are to
// be dropped. A document that is not an object is returned as it is.
func Without(doc []byte, isDropped func(key []byte) bool) []byte {
	tail := bytes.IndexByte(doc, '{') + 1 // end of the member before
	out := append(make([]byte, 0, len(doc)), doc[:tail]...)
	keeps := false
	err := Members(doc, func(key []byte, _, end int) bool {
		member := doc[tail:end]
		tail = end
		if isDropped(key) {
			return true
		}
		if !keeps {
			member = bytes.TrimLeft(member, ", \t\r\n")
		}
		keeps, out = true, append(out, member...)
		return true
	})
	if err != nil {
		return doc
	}
	return append(out, doc[tail:]...)
}
