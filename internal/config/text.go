package config

import (
	"fmt"

	"github.com/flowgate-go/flowgate/internal/terminal"
)

// Print implements report.Printed: every problem and every warning with its place.
func (f Findings) Print(p *terminal.Printer) {
	for _, problem := range f.Problems {
		p.Note(terminal.Bad, fmt.Sprintf("%s:%d:%d: %s", problem.File, problem.Line, problem.Column, problem.Message))
		if problem.Hint != "" {
			p.Line(4, terminal.Span{Text: "→ " + problem.Hint})
		}
	}
	for _, w := range f.Warnings {
		w.Print(p, f.File)
	}
	if len(f.Problems) == 0 && f.File != "" {
		p.Note(terminal.Good, fmt.Sprintf("%s is valid (version %d)", f.File, f.Version))
	}
}

// Print writes the warning with its place in a file.
func (w Warning) Print(p *terminal.Printer, file string) {
	place := file
	if w.Line > 0 {
		place = fmt.Sprintf("%s:%d", file, w.Line)
	}
	p.Note(terminal.Caution, terminal.Join(": ", place, w.Path, w.Message))
}
