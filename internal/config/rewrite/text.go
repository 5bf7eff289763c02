package rewrite

import (
	"fmt"

	"github.com/flowgate-go/flowgate/internal/terminal"
)

// Print implements report.Printed: it prints the changed lines and the warnings.
func (m Migration) Print(p *terminal.Printer) {
	p.Diff(m.Diff)
	switch {
	case m.Message != "":
		p.Note(terminal.Good, m.Message)
	case m.Backup != "":
		p.Note(terminal.Good, fmt.Sprintf("%s has version %d now; the old file is %s", m.File, m.To, m.Backup))
	case m.Changed:
		p.Note(terminal.Plain, fmt.Sprintf("%s would be rewritten in version %d", m.File, m.To))
	}
	for _, w := range m.Warnings {
		w.Print(p, m.File)
	}
}
