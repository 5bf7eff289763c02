package page

import "github.com/flowgate-go/flowgate/internal/terminal"

// Print implements report.Printed: the link, and how long it is good.
func (l Link) Print(p *terminal.Printer) {
	if l.Opened {
		p.Note(terminal.Plain, "the page was opened in a browser")
		return
	}
	p.Line(0, terminal.Span{Text: l.URL, Tone: terminal.Strong})
	p.Note(terminal.Plain, "the link opens the page once, within five minutes")
}
