// Package printable makes texts of unknown origin, such as names of files and output of
// programs, safe to show: EscapeLine for one line, EscapePage for several, EscapeJSON
// for encoded JSON. Control characters (C0, DEL, C1) and format characters
// (bidirectional marks, zero-width characters) become readable escapes, and no line is
// a workflow command of GitHub Actions.
package printable

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// isHidden reports whether a terminal interprets r, or shows nothing for it.
func isHidden(r rune) bool {
	return r < ' ' || r >= 0x7f && (unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r == '\u2028' || r == '\u2029')
}

// EscapeLine returns text as one line: "a\nb" becomes `a\nb`.
func EscapeLine(text string) string { return strings.ReplaceAll(escapeHidden(text, ""), "##[", `##\[`) }

// EscapeLines returns text with its lines and tabs unchanged. It does not change
// workflow commands.
func EscapeLines(text string) string { return escapeHidden(text, "\n\t") }

// EscapePage returns text with its lines and tabs unchanged. A line that a GitHub
// Actions runner would execute gets a backslash.
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

// escapeCommand adds a backslash to the two forms of a workflow command: "::error"
// after any white space, and "##[error" anywhere.
func escapeCommand(line string) string {
	if trimmed := strings.TrimLeftFunc(line, unicode.IsSpace); strings.HasPrefix(trimmed, "::") {
		line = line[:len(line)-len(trimmed)] + `\` + trimmed
	}
	return strings.ReplaceAll(line, "##[", `##\[`)
}

// escapeHidden replaces the hidden characters of text by escapes, except those in kept.
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

// EscapeJSON returns equivalent JSON with the hidden characters in its strings escaped;
// encoding/json escapes C0 only.
func EscapeJSON(doc []byte) []byte {
	if command := []byte("##["); bytes.Contains(doc, command) { // a workflow command, wherever it stands
		doc = bytes.ReplaceAll(doc, command, []byte(`##\u005b`))
	}
	at := indexHidden(doc)
	if at < 0 {
		return doc
	}
	out := make([]byte, 0, len(doc)+64)
	for ; at >= 0; at = indexHidden(doc) {
		out = append(out, doc[:at]...)
		r, size := utf8.DecodeRune(doc[at:])
		switch {
		case r > 0xffff:
			high, low := (r-0x10000)>>10+0xd800, (r-0x10000)&0x3ff+0xdc00
			out = fmt.Appendf(out, `\u%04x\u%04x`, high, low)
		default:
			out = fmt.Appendf(out, `\u%04x`, r)
		}
		doc = doc[at+size:]
	}
	return append(out, doc...)
}

// indexHidden returns where the first hidden character of encoded JSON is, which has no control
// characters below DEL in its strings; -1 when there is none.
func indexHidden(doc []byte) int {
	for i := skipPlain(doc, 0); i < len(doc); {
		r, size := utf8.DecodeRune(doc[i:])
		if isHidden(r) {
			return i
		}
		i = skipPlain(doc, i+size)
	}
	return -1
}

// skipPlain returns where the first byte of doc is, from index i on, that is DEL or above ASCII;
// len(doc) when there is none. It looks at eight bytes at once, since reports have megabytes.
func skipPlain(doc []byte, i int) int {
	const ones, highBits = 0x0101010101010101, 0x8080808080808080
	for ; len(doc)-i >= 8; i += 8 {
		if eight := binary.LittleEndian.Uint64(doc[i:]); (eight|(eight+ones))&highBits != 0 {
			break
		}
	}
	for i < len(doc) && doc[i] < 0x7f {
		i++
	}
	return i
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
