package dialect

import (
	"bytes"
	"encoding/json"
	"strings"
)

// EncodeJSON encodes a value that cannot fail to encode, without escaping HTML.
func EncodeJSON(v any) []byte {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return []byte("null")
	}
	return []byte(strings.TrimSuffix(b.String(), "\n"))
}

// UnquoteJSON returns the text of a JSON string literal; ok is false when it is not one.
func UnquoteJSON(literal []byte) (text string, ok bool) {
	if len(literal) < 2 || literal[0] != '"' {
		return "", false
	}
	if bytes.IndexByte(literal, '\\') < 0 {
		return string(literal[1 : len(literal)-1]), true
	}
	var decoded string // not text, which would be on the heap then for every literal
	err := json.Unmarshal(literal, &decoded)
	return decoded, err == nil
}
