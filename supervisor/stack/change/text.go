package change

import (
	"fmt"
	"strings"

	"github.com/flowgate-go/flowgate/internal/terminal"
)

// Print implements report.Printed: what was restored, or would be, in one sentence, and
// which files it replaces.
func (r Restored) Print(p *terminal.Printer) {
	target := fmt.Sprintf("generation %d", r.Restored)
	if len(r.Generations) > 0 {
		g := r.Generations[0]
		target += " (" + terminal.Join(", ", terminal.Join(" ", "profile", g.Profile),
			"recorded "+terminal.Time(g.CreatedAt)+" by "+g.Reason) + ")"
	}
	verb, restart, tone := "restored ", "; restarted ", terminal.Good
	if r.DryRun {
		verb, restart, tone = "would restore ", "; would restart ", terminal.Plain
	}
	text := verb + target
	if len(r.Restarted) > 0 {
		text += restart + strings.Join(r.Restarted, ", ")
	}
	if r.Verified {
		text += "; the router answers requests"
	}
	p.Note(tone, text)
	for _, name := range r.Changed {
		p.Line(2, terminal.Span{Text: "changes " + name})
	}
	for _, name := range r.Backups {
		p.Line(2, terminal.Span{Text: "the old file is " + name})
	}
	p.Notes(terminal.Caution, r.Warnings)
}
