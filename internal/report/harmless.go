package report

import (
	"bytes"
	"io"
	"strings"
	"unicode"
)

// harmless is a text that a terminal shows and does not obey: names of files
// and processes, and what other programs say, may hold escape sequences. JSON
// and XML have escapes of their own for them.
func harmless(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' && r != '\t' {
			return unicode.ReplacementChar
		}
		return r
	}, text)
}

func harmlessly(w io.Writer, r *Report, write func(io.Writer, *Report) error) error {
	var page bytes.Buffer
	err := write(&page, r)
	if _, broken := io.WriteString(w, harmless(page.String())); broken != nil {
		return broken
	}
	return err
}
