package yamlnode

import "bytes"

// BlankComments returns a JSON text with its comments, // and /* */, replaced by spaces, so
// that all places stay the same. It returns any other text as it is. The configurations of
// programs that read JSON5 have such comments.
func BlankComments(data []byte) []byte {
	if trimmed := bytes.TrimLeft(data, " \t\r\n"); len(trimmed) == 0 || trimmed[0] != '{' && trimmed[0] != '/' {
		return data
	}
	out := bytes.Clone(data)
	for i := 0; i < len(out); i++ {
		switch {
		case out[i] == '"':
			i = endOfString(out, i)
		case out[i] == '/' && i+1 < len(out) && (i == 0 || !isWordEnd(out[i-1])):
			i = blankComment(out, i)
		}
	}
	return out
}

// endOfString returns the index of the quote that ends the string which begins at i.
func endOfString(data []byte, i int) int {
	for i++; i < len(data) && data[i] != '"'; i++ {
		if data[i] == '\\' {
			i++
		}
	}
	return i
}

// isWordEnd reports whether a slash after the character c belongs to a word, such as an
// address that YAML allows without quotes.
func isWordEnd(c byte) bool {
	return c == ':' || c == '/' || c == '.' || c == '-' || c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' ||
		c >= 'A' && c <= 'Z'
}

// blankComment blanks the comment that begins at i and returns the index of its last
// character; it returns i when no comment begins there.
func blankComment(data []byte, i int) int {
	end := i
	switch data[i+1] {
	case '/':
		if end = bytes.IndexByte(data[i:], '\n'); end < 0 {
			end = len(data) - i
		}
		end += i
	case '*':
		if end = bytes.Index(data[i:], []byte("*/")); end < 0 {
			end = len(data) - i - 2
		}
		end += i + 2
	default:
		return i
	}
	for j := i; j < end; j++ {
		if data[j] != '\n' && data[j] != '\r' {
			data[j] = ' '
		}
	}
	return end - 1
}
