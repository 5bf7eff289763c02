package echo

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
)

// parseTexts reads the prompt of completions or the input of embeddings: a text, a list
// of texts, tokens (a list of numbers), or a list of such lists. A list of tokens is
// echoed as its numbers. Null and an absent value are no texts at all.
func parseTexts(raw json.RawMessage) ([]string, error) {
	raw = bytes.TrimSpace(raw)
	if len(raw) == 0 || bytes.Equal(raw, []byte("null")) {
		return nil, nil
	}
	if raw[0] != '[' {
		text, err := parseText(raw)
		return []string{text}, err
	}
	var list []json.RawMessage
	if err := json.Unmarshal(raw, &list); err != nil {
		return nil, err
	}
	if len(list) > 0 && isNumber(list[0]) {
		text, err := parseText(raw)
		return []string{text}, err
	}
	out := make([]string, len(list))
	for i, item := range list {
		var err error
		if out[i], err = parseText(item); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// parseText reads one text or one list of tokens.
func parseText(raw json.RawMessage) (string, error) {
	var s string
	if json.Unmarshal(raw, &s) == nil {
		return s, nil
	}
	var numbers []json.Number
	if json.Unmarshal(raw, &numbers) != nil {
		return "", errors.New("expected a text, a list of texts, or tokens")
	}
	words := make([]string, len(numbers))
	for i, n := range numbers {
		words[i] = n.String()
	}
	return strings.Join(words, " "), nil
}

// isNumber reports whether a JSON value is a number.
func isNumber(raw json.RawMessage) bool {
	return len(raw) > 0 && (raw[0] == '-' || '0' <= raw[0] && raw[0] <= '9')
}
