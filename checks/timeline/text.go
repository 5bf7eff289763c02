package timeline

import "github.com/flowgate-go/flowgate/internal/terminal"

// Print implements report.Printed: one row for each moment, the newest last. The
// headline has the cause and what to type next.
func (t History) Print(p *terminal.Printer) {
	rows := make([][]terminal.Span, len(t.Moments))
	for i, m := range t.Moments {
		rows[i] = []terminal.Span{
			{Text: terminal.Time(m.At), Tone: terminal.Faint}, {Text: m.Subject, Tone: terminal.Strong}, {Text: m.What},
		}
	}
	p.Table(0, []string{"WHEN", "WHAT", "HAPPENED"}, rows)
}
