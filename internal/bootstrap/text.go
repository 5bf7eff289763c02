package bootstrap

import (
	"github.com/flowgate-go/flowgate/internal/store"
	"github.com/flowgate-go/flowgate/internal/terminal"
)

// Print implements report.Printed: it prints a row for each version.
func (l Listing) Print(p *terminal.Printer) { printInstalls(p, l.Runtimes) }

// Print implements report.Printed: it prints the requested versions and the warnings.
func (r Result) Print(p *terminal.Printer) {
	switch {
	case len(r.Runtimes) == 0:
		p.Note(terminal.Good, "the services of this configuration need no installation")
	case !r.Changed:
		p.Note(terminal.Good, "installed already")
	}
	printInstalls(p, r.Runtimes)
	p.Notes(terminal.Caution, r.Warnings)
}

// printInstalls prints a table with a row for each install.
func printInstalls(p *terminal.Printer, installs []store.Install) {
	rows := make([][]terminal.Span, len(installs))
	for i, r := range installs {
		state, tone := "", terminal.Plain
		if r.Active {
			state, tone = "active", terminal.Good
		}
		if r.Pinned {
			state = terminal.Join(", ", state, "pinned")
		}
		rows[i] = []terminal.Span{
			{Text: r.Name, Tone: terminal.Strong}, {Text: r.Version}, {Text: state, Tone: tone},
			{Text: terminal.Time(r.InstalledAt)}, {Text: r.Source},
		}
	}
	p.Table(0, []string{"RUNTIME", "VERSION", "STATE", "INSTALLED", "FROM"}, rows)
}
