package extract

import (
	"fmt"

	"github.com/flowgate-go/flowgate/internal/terminal"
)

// Print implements report.Printed: it prints where each key is now, and those that stay.
func (r Result) Print(p *terminal.Printer) {
	is, tone := "is", terminal.Good
	if r.isDry {
		is, tone = "would be", terminal.Plain
	}
	for _, k := range r.Keys {
		p.Note(tone, fmt.Sprintf("%s %s in %s", k.Path, is, k.File))
	}
	for _, l := range r.Left {
		p.Note(terminal.Bad, l.String())
	}
	if len(r.Keys)+len(r.Left) == 0 {
		p.Note(terminal.Good, fmt.Sprintf("%s has no key written out", r.File))
	}
}
