package scaffold

import (
	"strings"

	"github.com/flowgate-go/flowgate/internal/terminal"
)

// Print implements report.Printed: it prints what was written, and what to type next.
func (r Result) Print(p *terminal.Printer) {
	var files []string
	for _, name := range r.Created {
		if !strings.HasSuffix(name, "/") {
			files = append(files, name)
		}
	}
	p.Note(terminal.Good, "wrote "+strings.Join(files, ", "))
	for _, name := range r.Backups {
		p.Line(2, terminal.Span{Text: "the old file is " + name})
	}
	if len(r.Kept) > 0 {
		p.Line(2, terminal.Span{Text: "kept the keys in " + strings.Join(r.Kept, ", ")})
	}
	if len(r.Next) > 0 {
		p.Line(0, terminal.Span{Text: "Next:"})
	}
	for _, line := range r.Next {
		p.Command(2, line)
	}
}
