package record

import "strings"

// The longest texts of a Request that a client chooses freely, in bytes.
const (
	MaxAgent   = 80
	MaxSession = 128
	MaxModel   = 128

	MaxTraceParent = 55 // the length of version 00 (W3C Trace Context)
)

// Clean returns text without characters that are not printable ASCII, at most limit bytes of
// it. It allocates only when it has to leave characters out.
func Clean(text string, limit int) string {
	text = text[:min(len(text), limit)]
	for i := range len(text) {
		if text[i] < ' ' || text[i] > '~' {
			return strings.Map(keepPrintable, text)
		}
	}
	return text
}

// keepPrintable returns c, or -1 for a character that is not printable ASCII.
func keepPrintable(c rune) rune {
	if c < ' ' || c > '~' {
		return -1
	}
	return c
}
