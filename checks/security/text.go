package security

import (
	"fmt"

	"github.com/flowgate-go/flowgate/internal/secret/scan"
	"github.com/flowgate-go/flowgate/internal/terminal"
)

// Print implements report.Printed: one row for each finding, then what was searched.
func (e Examined) Print(p *terminal.Printer) {
	rows := [][]terminal.Span{}
	known := 0
	for _, f := range e.Findings {
		if f.Baseline {
			known++
			continue
		}
		rows = append(rows, []terminal.Span{
			{Text: formatPlace(f), Tone: terminal.Strong}, {Text: f.Rule}, {Text: f.Preview}, {Text: f.Commit},
		})
	}
	p.Table(0, []string{"PLACE", "RULE", "SECRET", "COMMIT"}, rows)
	if known > 0 {
		p.Note(terminal.Plain, fmt.Sprintf("%s in the baseline", terminal.Count(known, "known finding")))
	}
	if e.Baseline != "" {
		p.Note(terminal.Good, "wrote the baseline "+e.Baseline)
	}
	for _, u := range e.Scanned.Unread {
		p.Note(terminal.Bad, u.What+" could not be searched: "+u.Reason)
	}
	p.Field("searched", fmt.Sprintf("%s and %s of %s (%s known from before)", terminal.Count(e.Scanned.Files, "file"),
		terminal.Count(e.Scanned.Commits, "commit"), e.Root, terminal.Count(e.Scanned.Cached, "item")))
}

// formatPlace returns where a finding is, as editors and terminals link it.
func formatPlace(f scan.Finding) string {
	switch {
	case f.Line == 0:
		return f.File
	case f.Column == 0:
		return fmt.Sprintf("%s:%d", f.File, f.Line)
	}
	return fmt.Sprintf("%s:%d:%d", f.File, f.Line, f.Column)
}
