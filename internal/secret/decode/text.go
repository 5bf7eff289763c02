// Package decode finds pieces of a text that are in base64, hex, percent encoding or Unicode
// escapes, and replaces them by their values, as gitleaks does (its detect/codec). Call
// New, then Next for as long as there is something to decode; Locate leads from a place
// in the decoded text back to the original one.
package decode

import "strings"

// Extent is a half-open range of bytes.
type Extent struct{ Start, End int }

// Text is a text in which encoded pieces may be decoded.
type Text struct {
	text     string
	segments []segment
	last     Extent // the line that lineAround returned last
}

// New returns a text in which nothing is decoded.
func New(text string) *Text { return &Text{text: text} }

// String returns the text with its pieces decoded.
func (t *Text) String() string { return t.text }

// Match is a match in a Text, seen from the original text.
type Match struct {
	Text  string // without line breaks at its ends
	Line  string // the line around the decoded pieces; "" if nothing was decoded
	At    Extent // in the original text, as gitleaks counts it
	Shown Extent // in the original text, as it is shown
}

// Locate returns the match at an extent of the text. ok is false in a text with decoded
// pieces if the match touches none of them: then the text before has the match too.
func (t *Text) Locate(at Extent) (m Match, ok bool) {
	whole := t.text[at.Start:at.End]
	m.Text = strings.Trim(whole, "\n")
	if len(t.segments) == 0 {
		m.Shown.Start = at.Start + len(whole) - len(strings.TrimLeft(whole, "\n"))
		m.Shown.End = m.Shown.Start + len(m.Text)
		m.At = Extent{at.Start, at.Start + len(m.Text)}
		return m, true
	}
	within := segmentsTouching(t.segments, at)
	if len(within) == 0 {
		return Match{}, false
	}
	m.At = originalExtent(within, at)
	m.Shown, m.Line = m.At, t.lineAround(within)
	return m, true
}

// lineAround returns the line of the text that contains the segments.
func (t *Text) lineAround(all []segment) string {
	text, span := t.text, all[0].decoded.merge(all[len(all)-1].decoded)
	if t.last.End > t.last.Start && t.last.contains(span) {
		return text[t.last.Start:t.last.End]
	}
	start := span.Start
	for start > 0 && text[start] != '\n' {
		start--
	}
	end := span.End
	for end < len(text) && text[end] != '\n' {
		end++
	}
	t.last = Extent{start, end}
	return text[start:end]
}
