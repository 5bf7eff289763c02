package stack

import (
	"strings"

	"github.com/flowgate-go/flowgate/internal/terminal"
)

// Print implements report.Printed.
func (c ProfileChange) Print(p *terminal.Printer) {
	text := "profile " + c.To + " was in force already"
	if c.Changed {
		text = "profile " + c.To + " is in force"
		if c.From != "" {
			text += " in place of " + c.From
		}
	}
	if len(c.Restarted) > 0 {
		text += "; restarted " + strings.Join(c.Restarted, ", ")
	}
	p.Note(terminal.Good, text)
	for _, w := range c.Warnings {
		p.Note(terminal.Caution, w.String())
	}
	c.Status.Print(p)
}

// Print implements report.Printed.
func (u Updated) Print(p *terminal.Printer) {
	text := u.Runtime + " " + u.To + " was active already"
	if u.Changed {
		text = u.Runtime + " " + u.To + " is active"
		if u.From != "" {
			text += " in place of " + u.From
		}
	}
	if len(u.Restarted) > 0 {
		text += "; restarted " + strings.Join(u.Restarted, ", ")
	}
	if u.Verified {
		text += "; the router answered requests through it"
	}
	p.Note(terminal.Good, text)
	p.Notes(terminal.Caution, u.Warnings)
}
