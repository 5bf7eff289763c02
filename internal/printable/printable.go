// Package printable makes texts of unknown origin, as names of files and what
// other programs say, safe to show: Line for a text that stands in a line,
// Page for a page of lines, JSON for encoded JSON. Control characters (C0, DEL,
// C1) and format characters (bidirectional marks, zero-width characters) become
// escapes that can be read, and no line is a workflow command of GitHub Actions.
package printable

import (
	"bytes"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// isHidden reports whether a terminal obeys r, or shows nothing for it.
func isHidden(r rune) bool {
	return r < ' ' || r >= 0x7f && (unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r == '\u2028' || r == '\u2029')
}

// EscapeLine is text on one line: "a\nb" becomes `a\nb`.
func EscapeLine(text string) string { return strings.ReplaceAll(escapeHidden(text, ""), "##[", `##\[`) }

// EscapeLines is text whose lines stay lines, for what may be a workflow command.
func EscapeLines(text string) string { return escapeHidden(text, "\n\t") }

// EscapePage is text whose lines stay lines; tabs stay, too. A line that a runner of
// GitHub Actions would obey is broken by a backslash.
func EscapePage(text string) string {
	text = EscapeLines(text)
	if !strings.Contains(text, "::") && !strings.Contains(text, "##[") {
		return text
	}
	lines := strings.SplitAfter(text, "\n")
	for i, line := range lines {
		lines[i] = escapeCommand(line)
	}
	return strings.Join(lines, "")
}

// escapeCommand breaks the two forms of a workflow command: "::error" after any white
// space, and "##[error" anywhere.
func escapeCommand(line string) string {
	if trimmed := strings.TrimLeftFunc(line, unicode.IsSpace); strings.HasPrefix(trimmed, "::") {
		line = line[:len(line)-len(trimmed)] + `\` + trimmed
	}
	return strings.ReplaceAll(line, "##[", `##\[`)
}

func escapeHidden(text, kept string) string {
	if strings.IndexFunc(text, func(r rune) bool { return r == utf8.RuneError || isHidden(r) }) < 0 {
		return text
	}
	var out strings.Builder
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRuneInString(text[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(&out, `\x%02x`, text[i])
		case !isHidden(r) || strings.ContainsRune(kept, r):
			out.WriteString(text[i : i+size])
		case r == '\n':
			out.WriteString(`\n`)
		case r == '\t':
			out.WriteString(`\t`)
		case r == '\r':
			out.WriteString(`\r`)
		case r < 0x80:
			fmt.Fprintf(&out, `\x%02x`, r)
		case r > 0xffff:
			fmt.Fprintf(&out, `\U%08x`, r)
		default:
			fmt.Fprintf(&out, `\u%04x`, r)
		}
		i += size
	}
	return out.String()
}

// EscapeJSON returns valid JSON with the hidden characters in its strings escaped, as
// encoding/json does it for C0 only. It means the same.
func EscapeJSON(doc []byte) []byte {
	doc = bytes.ReplaceAll(doc, []byte("##["), []byte(`##\u005b`)) // a workflow command, wherever it stands
	if bytes.IndexFunc(doc, func(r rune) bool { return r >= 0x7f && isHidden(r) }) < 0 {
		return doc
	}
	out := make([]byte, 0, len(doc)+64)
	for len(doc) > 0 {
		r, size := utf8.DecodeRune(doc)
		switch {
		case r < 0x7f || !isHidden(r):
			out = append(out, doc[:size]...)
		case r > 0xffff:
			high, low := (r-0x10000)>>10+0xd800, (r-0x10000)&0x3ff+0xdc00
			out = fmt.Appendf(out, `\u%04x\u%04x`, high, low)
		default:
			out = fmt.Appendf(out, `\u%04x`, r)
		}
		doc = doc[size:]
	}
	return out
}

// maxExcerpt bounds Excerpt, in bytes.
const maxExcerpt = 200

// Excerpt returns another program's message on one line, cut to 200 bytes.
func Excerpt(message string) string {
	message = EscapeLine(strings.Join(strings.Fields(message), " "))
	if len(message) > maxExcerpt {
		message = strings.ToValidUTF8(message[:maxExcerpt], "") + "…"
	}
	return message
}
