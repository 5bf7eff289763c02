package checks

import "github.com/flowgate-go/flowgate/internal/terminal"

// Print implements report.Printed: one row for each check.
func (e Explanations) Print(p *terminal.Printer) {
	rows := make([][]terminal.Span, len(e.Checks))
	for i, c := range e.Checks {
		rows[i] = []terminal.Span{{Text: c.ID, Tone: terminal.Strong}, {Text: c.Title}}
	}
	p.Table(0, []string{"CHECK", "WHAT HOLDS WHEN IT PASSES"}, rows)
}

// Print implements report.Printed: the explanation as it is in the runbook.
func (e Explanation) Print(p *terminal.Printer) {
	p.Line(0, terminal.Span{Text: e.Title, Tone: terminal.Strong})
	p.Line(0)
	p.Line(0, terminal.Span{Text: e.About})
	for _, id := range e.Needs {
		p.Line(2, terminal.Span{Text: "runs only when " + id + " passes"})
	}
	if e.Mends {
		p.Line(2, terminal.Span{Text: "-fix fixes what it finds"})
	}
}
