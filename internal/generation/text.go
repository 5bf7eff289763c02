package generation

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/flowgate-go/flowgate/internal/terminal"
)

// Print implements report.Printed: it prints a row for each generation, the newest last.
func (l Listing) Print(p *terminal.Printer) {
	rows := make([][]terminal.Span, len(l.Generations))
	for i, g := range l.Generations {
		rows[i] = g.row(g.Number == l.Current)
	}
	if len(rows) == 0 {
		p.Note(terminal.Plain, "no generation is recorded yet; the first one will be when the stack is ready")
	}
	p.Table(0, []string{"GENERATION", "RECORDED", "BY", "PROFILE", "STATE", "RUNTIMES"}, rows)
	for _, d := range l.Damaged {
		p.Note(terminal.Bad, fmt.Sprintf("generation %d cannot be restored: %s", d.Number, d.Reason))
	}
}

// row returns the generation's row of the table.
func (g Generation) row(isCurrent bool) []terminal.Span {
	number, tone := fmt.Sprint(g.Number), terminal.Plain
	if isCurrent {
		number, tone = number+" (current)", terminal.Strong
	}
	var states, runtimes []string
	if !g.Ready {
		states = append(states, "was not ready")
	}
	if g.Pinned {
		states = append(states, "pinned")
	}
	if g.Unsigned {
		states = append(states, "unsigned")
	}
	for _, r := range g.Runtimes {
		runtimes = append(runtimes, terminal.Join(" ", r.Runtime, r.Version))
	}
	return []terminal.Span{
		{Text: number, Tone: tone}, {Text: terminal.Time(g.CreatedAt)}, {Text: g.Reason}, {Text: g.Profile},
		{Text: strings.Join(states, ", "), Tone: terminal.Caution}, {Text: strings.Join(runtimes, ", ")},
	}
}

// Print implements report.Printed: it prints the generation with its texts.
func (s Shown) Print(p *terminal.Printer) {
	Listing{Current: s.Current, Generations: s.Generations}.Print(p)
	for _, part := range slices.Sorted(maps.Keys(s.Texts)) {
		p.Line(0)
		p.Line(0, terminal.Span{Text: part + ":", Tone: terminal.Strong})
		p.Block(2, s.Texts[part])
	}
}

// Print implements report.Printed: it prints each change.
func (d Difference) Print(p *terminal.Printer) {
	if len(d.Changes) == 0 {
		p.Note(terminal.Plain, fmt.Sprintf("generations %d and %d are the same", d.From, d.To))
	}
	for _, c := range d.Changes {
		if len(c.Diff) == 0 {
			p.Line(0, terminal.Span{Text: c.What, Tone: terminal.Strong}, terminal.Span{Text: ": " + c.From + " → " + c.To})
			continue
		}
		p.Line(0, terminal.Span{Text: c.What + ":", Tone: terminal.Strong})
		p.Diff(c.Diff)
	}
}
