package terminal

import (
	"strings"

	"github.com/flowgate-go/flowgate/internal/printable"
)

// gap is the number of spaces between two columns of a table.
const gap = 2

// minWrapWidth is the least width, in columns, that a table's last column is wrapped to. It is
// more when the column has a longer word.
const minWrapWidth = 24

// Table writes rows in aligned columns under a header. Columns without a text in any
// row are left out. When the table is too wide, its last column is wrapped; when that is
// not enough, each row becomes lines of "header: text".
func (p *Printer) Table(indent int, header []string, rows [][]Span) {
	if len(rows) == 0 {
		return
	}
	header, rows = dropEmptyColumns(header, rows)
	widths := measureColumns(header, rows)
	before := indent
	for _, w := range widths[:len(widths)-1] {
		before += w + gap
	}
	switch width := p.style.Width; {
	case width == 0, width-before >= min(widths[len(widths)-1], max(minWrapWidth, longestWord(rows))):
		p.printAligned(indent, before, widths, header, rows)
	default:
		p.printRecords(indent, header, rows)
	}
}

// printAligned writes the table in columns; before is where the last column begins.
func (p *Printer) printAligned(indent, before int, widths []int, header []string, rows [][]Span) {
	titles := make([]Span, len(header))
	for i, title := range header {
		titles[i] = Span{title, Faint}
	}
	for _, row := range append([][]Span{titles}, rows...) {
		var spans []Span
		for i, cell := range row {
			text := escapeCell(cell.Text)
			spans = append(spans, Span{text, cell.Tone})
			if i < len(row)-1 {
				spans = append(spans, Span{strings.Repeat(" ", widths[i]-columns(text)+gap), Plain})
			}
		}
		p.wrap(indent, before, spans)
	}
}

// printRecords writes each row as lines of "header: text", with an empty line between
// two rows.
func (p *Printer) printRecords(indent int, header []string, rows [][]Span) {
	for i, row := range rows {
		if i > 0 {
			p.write("\n")
		}
		for k, cell := range row {
			if cell.Text != "" {
				p.Line(indent, Span{strings.ToLower(header[k]) + ": ", Faint}, cell)
			}
		}
	}
}

// dropEmptyColumns returns the table without the columns that are empty in every row.
// The first column always stays.
func dropEmptyColumns(header []string, rows [][]Span) ([]string, [][]Span) {
	var kept []int
	for i := range header {
		used := i == 0
		for _, row := range rows {
			used = used || row[i].Text != ""
		}
		if used {
			kept = append(kept, i)
		}
	}
	titles := make([]string, len(kept))
	smaller := make([][]Span, len(rows))
	for k, i := range kept {
		titles[k] = header[i]
		for r, row := range rows {
			smaller[r] = append(smaller[r], row[i])
		}
	}
	return titles, smaller
}

// measureColumns returns the width of each column of a table.
func measureColumns(header []string, rows [][]Span) []int {
	widths := make([]int, len(header))
	for i, title := range header {
		widths[i] = columns(title)
		for _, row := range rows {
			widths[i] = max(widths[i], columns(escapeCell(row[i].Text)))
		}
	}
	return widths
}

// longestWord returns the width of the longest word in the last column.
func longestWord(rows [][]Span) int {
	longest := 0
	for _, row := range rows {
		for word := range strings.FieldsSeq(escapeCell(row[len(row)-1].Text)) {
			longest = max(longest, columns(word))
		}
	}
	return longest
}

// escapeCell returns the text of a cell as it is printed.
func escapeCell(text string) string { return printable.EscapeLine(text) }
