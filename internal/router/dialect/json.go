package dialect

import (
	"bytes"
	"encoding/json"
	"strings"
)

// EncodeJSON returns a value as JSON, without escaping HTML; null for a value that has no form
// in JSON, such as a channel.
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
	var decoded string // decoding into text would allocate it for every literal
	err := json.Unmarshal(literal, &decoded)
	return decoded, err == nil
}
