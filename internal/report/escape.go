package report

import (
	"bytes"
	"io"
	"strings"

	"github.com/flowgate-go/flowgate/internal/printable"
)

// writeEscaped writes a page without the escape sequences that a terminal would obey: names
// of files and processes, and messages of other programs, may hold some.
func writeEscaped(w io.Writer, r *Report, write func(io.Writer, *Report) error, escape func(string) string) error {
	var page bytes.Buffer
	err := write(&page, r)
	if _, writeErr := io.WriteString(w, escape(page.String())); writeErr != nil {
		return writeErr
	}
	return err
}

// escapeText returns a page of the text format without the escape sequences that a terminal
// would obey.
func escapeText(page string) string { return printable.EscapePage(foldNames(page)) }

// foldNames puts names that YAML wrote as a block of lines, because they hold
// line breaks, back on one line: the name of a file must not look like other data.
func foldNames(page string) string {
	if !strings.Contains(page, " |") && !strings.Contains(page, " >") {
		return page
	}
	var out strings.Builder
	lines := strings.SplitAfter(page, "\n")
	for i := 0; i < len(lines); i++ {
		key, ok := blockKey(lines[i])
		if !ok {
			out.WriteString(lines[i])
			continue
		}
		depth := len(key) - len(strings.TrimLeft(key, " -"))
		var name []string
		for i+1 < len(lines) && isDeeper(lines[i+1], depth) {
			i++
			name = append(name, strings.TrimSpace(lines[i]))
		}
		if strings.Trim(key, " ") != "-" {
			key += ":"
		}
		out.WriteString(key + " " + printable.EscapeLine(strings.Join(name, "\n")) + "\n")
	}
	return out.String()
}

// blockKey returns what precedes the colon of a line that begins a block of lines, or the dash
// of such an item in a list. ok is false when the key is not that of a name.
func blockKey(line string) (key string, ok bool) {
	line = strings.TrimRight(line, "\n")
	key, style, ok := strings.Cut(line, ": ")
	if item, isItem := strings.CutPrefix(strings.TrimLeft(line, " "), "- "); isItem && !ok {
		key, style, ok = line[:len(line)-len(item)-1], item, true
	}
	if !ok || style == "" || strings.Trim(style, "|>+-0123456789") != "" || !strings.ContainsAny(style[:1], "|>") {
		return "", false
	}
	switch strings.TrimLeft(key, " -") {
	case "", "file", "path", "name", "dir", "folder", "account", "email", "source", "destination", "command", "user",
		"log",
		"url", "preview", "reason":
		return key, true
	}
	return "", false
}

// isDeeper reports whether a line is blank or indented by more than depth.
func isDeeper(line string, depth int) bool {
	text := strings.TrimLeft(line, " ")
	return line != "" && (strings.TrimSpace(text) == "" || len(line)-len(text) > depth)
}
