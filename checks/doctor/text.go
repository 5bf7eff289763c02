package doctor

import "github.com/flowgate-go/flowgate/internal/terminal"

// Print implements report.Printed.
func (e Examined) Print(p *terminal.Printer) {
	if e.URL != "" {
		p.Field("router", e.URL)
		return
	}
	file := e.Config
	if file == "" {
		file = "none; the built-in default is in force"
	}
	p.Field("configuration", file)
	p.Field("profile", e.Profile)
}
