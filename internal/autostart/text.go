package autostart

import "github.com/flowgate-go/flowgate/internal/terminal"

// Print implements report.Printed: it prints the unit, its file when that changed, and the
// warnings.
func (u Unit) Print(p *terminal.Printer) {
	text := u.Manager + " unit " + u.Name + ": nothing to change"
	if u.Changed {
		text = u.Manager + " unit " + u.Name + " in " + u.File
	}
	if u.Started {
		text += "; started"
	}
	p.Note(terminal.Good, text)
	p.Notes(terminal.Caution, u.Warnings)
}
