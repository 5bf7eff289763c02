package auth

import (
	"github.com/flowgate-go/flowgate/internal/terminal"
)

// Print implements report.Printed: what happened to each account, one after the other.
func (c Change) Print(p *terminal.Printer) {
	tone := terminal.Good
	if !c.Changed {
		tone = terminal.Plain
	}
	switch {
	case c.Account != nil:
		p.Note(tone, terminal.Join(" ", c.Account.Provider+" account", c.Account.Account, "("+string(c.Account.State)+")"))
	case c.Destination != "":
		p.Note(tone, "written to "+c.Destination)
	case c.Changed:
		p.Note(tone, "removed "+c.Source)
	}
	p.Field("  proof", c.Proof)
	if c.Wired != nil && c.Wired.Changed {
		p.Field("  added to", c.Wired.File)
	}
	for _, w := range c.Warnings {
		p.Note(terminal.Caution, w.Message)
	}
	for _, other := range c.Others {
		other.Print(p)
	}
	for _, f := range c.Failed {
		p.Note(terminal.Bad, f.Account+": "+f.Message)
	}
}
