// Package estimate guesses the length of a prompt in tokens without a tokenizer. Call
// PromptBytes for each part of the prompt, and Tokens for their sum.
//
// It never decodes a part: strings are measured where they stand.
package estimate

import (
	"bytes"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/flowgate-go/flowgate/internal/router/dialect"
	"github.com/flowgate-go/flowgate/internal/router/splice"
)

// Rules of thumb of the local estimate.
const (
	bytesPerToken    = 4    // English text and code
	attachmentTokens = 1600 // an image of the size to which Anthropic scales them, or a page of a PDF
)

// Tokens returns an estimate of the tokens of so many bytes of prompt, at least 1.
func Tokens(bytes int) int { return max(1, bytes/bytesPerToken) }

// PromptBytes returns the length of a part of a prompt, a JSON value, in bytes of text.
func PromptBytes(part []byte) int { return promptBytes("", part, maxDepth) }

// maxDepth is how many levels of a prompt are searched for text and attachments.
const maxDepth = 16

// promptBytes returns the length of a part of a prompt in bytes of text. Strings count
// unescaped; an image or a document counts attachmentTokens whatever its length. key
// is the member that holds the part, depth how many levels are looked into.
func promptBytes(key string, part []byte, depth int) int {
	if depth == 0 || len(part) == 0 {
		return len(part)
	}
	switch part[0] {
	case '"':
		return textBytes(part)
	case '[':
		n := 1
		err := splice.Elements(part, func(start, end int) bool {
			n += promptBytes("", part[start:end], depth-1) + 1
			return true
		})
		if err == nil {
			return n
		}
	case '{':
		return objectBytes(key, part, depth)
	}
	return len(part)
}

// objectBytes returns the length of an object, as promptBytes does.
func objectBytes(key string, object []byte, depth int) int {
	n, kind := 1, ""
	err := splice.Members(object, func(name []byte, start, end int) bool {
		value := object[start:end]
		if string(name) == "type" {
			kind, _ = dialect.UnquoteJSON(value)
		}
		n += len(name) + len(`"":,`) + promptBytes(string(name), value, depth-1)
		return true
	})
	switch {
	case err != nil:
		return len(object)
	case key == "inlineData", key == "inline_data", kind == "base64", key == "source" && (kind == "url" || kind == "file"):
		return attachmentTokens * bytesPerToken
	}
	return n
}

// textBytes returns the length of a JSON string without its escapes, quotes included,
// or that of an attachment when the string is a data: address.
func textBytes(literal []byte) int {
	if bytes.HasPrefix(literal, []byte(`"data:`)) &&
		bytes.Contains(literal[:min(len(literal), 200)], []byte(";base64,")) {
		return attachmentTokens * bytesPerToken
	}
	n := 0
	for {
		i := bytes.IndexByte(literal, '\\')
		if i < 0 || i+1 >= len(literal) {
			return n + len(literal)
		}
		n += i
		if literal[i+1] != 'u' {
			n, literal = n+1, literal[i+2:]
			continue
		}
		char, length := escapedRune(literal[i:])
		n += utf8.RuneLen(char)
		literal = literal[i+length:]
	}
}

// escapedRune returns the character whose escape, \uXXXX or a pair of them, begins
// text, and the length of the escape.
func escapedRune(text []byte) (char rune, length int) {
	char = hexRune(text)
	if !utf16.IsSurrogate(char) {
		return char, min(len(text), 6)
	}
	if len(text) >= 12 && text[6] == '\\' && text[7] == 'u' {
		if pair := utf16.DecodeRune(char, hexRune(text[6:])); pair != utf8.RuneError {
			return pair, 12
		}
	}
	return utf8.RuneError, min(len(text), 6)
}

// hexRune returns the character of the \uXXXX that begins text.
func hexRune(text []byte) rune {
	if len(text) < 6 {
		return utf8.RuneError
	}
	n, err := strconv.ParseUint(string(text[2:6]), 16, 16)
	if err != nil {
		return utf8.RuneError
	}
	return rune(n)
}
