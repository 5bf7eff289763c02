// Package terminal writes text for people: lines that fit the width of a terminal,
// tables, and colours where they are wanted. A Printer escapes every text that it is
// given, so no name of a file and no message of another program can control the
// terminal.
package terminal

import (
	"io"
	"strings"
	"unicode/utf8"

	"github.com/flowgate-go/flowgate/internal/printable"
)

// Style is how text may look.
type Style struct {
	Width int  // columns of the terminal; 0: lines are as long as they need to be
	Color bool // colours and weights by escape sequences (ECMA-48, SGR)
}

// Tone is what a text means to its reader; with Style.Color it is also a colour.
type Tone int

// The tones.
const (
	Plain   Tone = iota
	Good         // green
	Caution      // yellow
	Bad          // red
	Strong       // bold
	Faint        // dim
)

// Span is a text with its tone.
type Span struct {
	Text string
	Tone Tone
}

// Printer writes text for people. Its methods remember the first error of the writer,
// which Err returns, and write nothing after it.
type Printer struct {
	w     io.Writer
	style Style
	err   error
}

// NewPrinter returns a Printer that writes to w in a style.
func NewPrinter(w io.Writer, s Style) *Printer { return &Printer{w: w, style: s} }

// Err returns the first error of the writer.
func (p *Printer) Err() error { return p.err }

// Line writes spans, joined without a separator, as one line. What does not fit the width is
// continued on further lines, which are indented by two columns more than the first. Words are
// never broken.
func (p *Printer) Line(indent int, spans ...Span) { p.wrap(indent, indent+2, spans) }

// Note writes a sentence after the mark of its tone: ✓ for Good, ! for Caution, ✗ for
// Bad, none for the others.
func (p *Printer) Note(tone Tone, text string) {
	mark := map[Tone]string{Good: "✓ ", Caution: "! ", Bad: "✗ "}[tone]
	p.Line(0, Span{mark, tone}, Span{Text: text})
}

// Notes writes each sentence as Note does.
func (p *Printer) Notes(tone Tone, texts []string) {
	for _, text := range texts {
		p.Note(tone, text)
	}
}

// Field writes a name and its value; it writes nothing when the value is empty.
func (p *Printer) Field(name, value string) {
	if value != "" {
		p.Line(0, Span{name + ": ", Faint}, Span{Text: value})
	}
}

// Command writes a line that a person copies, such as a command. It is never broken.
func (p *Printer) Command(indent int, text string) { p.Verbatim(indent, Strong, text) }

// Verbatim writes one line without breaking it.
func (p *Printer) Verbatim(indent int, tone Tone, text string) {
	p.write(strings.Repeat(" ", indent) + p.paint(Span{printable.EscapeLine(text), tone}) + "\n")
}

// Block writes lines of text as they are, each indented.
func (p *Printer) Block(indent int, text string) {
	for line := range strings.Lines(printable.EscapePage(text)) {
		p.write(strings.Repeat(" ", indent) + strings.TrimRight(line, "\n") + "\n")
	}
}

// Diff writes the lines of a unified diff: added lines green, removed ones red.
func (p *Printer) Diff(lines []string) {
	for _, line := range lines {
		tone := Plain
		switch {
		case strings.HasPrefix(line, "+"):
			tone = Good
		case strings.HasPrefix(line, "-"):
			tone = Bad
		}
		p.Verbatim(0, tone, line)
	}
}

// word is a run of pieces without a space between them.
type word struct {
	pieces []Span
	width  int
}

// wrap writes spans word by word. first and further are the indents of the first line
// and of those after it.
func (p *Printer) wrap(first, further int, spans []Span) {
	line, used := strings.Repeat(" ", first), first
	empty := true
	for _, w := range splitWords(spans) {
		if !empty && p.style.Width > 0 && used+1+w.width > p.style.Width {
			p.write(strings.TrimRight(line, " ") + "\n")
			line, used, empty = strings.Repeat(" ", further), further, true
		}
		if !empty {
			line, used = line+" ", used+1
		}
		for _, piece := range w.pieces {
			line += p.paint(piece)
		}
		used, empty = used+w.width, false
	}
	p.write(strings.TrimRight(line, " ") + "\n")
}

// splitWords splits spans at their spaces. Consecutive spaces are kept as empty words, so that
// columns within a line keep their places.
func splitWords(spans []Span) []word {
	words := []word{{}}
	for _, s := range spans {
		for i, part := range strings.Split(printable.EscapeLine(s.Text), " ") {
			if i > 0 {
				words = append(words, word{})
			}
			if part == "" {
				continue
			}
			last := &words[len(words)-1]
			last.pieces = append(last.pieces, Span{part, s.Tone})
			last.width += columns(part)
		}
	}
	return words
}

// paint returns a text, which must be escaped already, in the colour of its tone.
func (p *Printer) paint(s Span) string {
	code := map[Tone]string{Good: "32", Caution: "33", Bad: "31", Strong: "1", Faint: "2"}[s.Tone]
	if !p.style.Color || code == "" || s.Text == "" {
		return s.Text
	}
	return "\x1b[" + code + "m" + s.Text + "\x1b[0m"
}

// write writes a whole line. Without colours the reader may be a CI system, so a line
// that GitHub Actions would execute gets a backslash.
func (p *Printer) write(text string) {
	if !p.style.Color {
		text = printable.EscapePage(text)
	}
	if p.err == nil {
		_, p.err = io.WriteString(p.w, text)
	}
}

// columns returns how many columns a text takes; every character counts as one.
func columns(text string) int { return utf8.RuneCountInString(text) }
