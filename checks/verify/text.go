package verify

import (
	"github.com/flowgate-go/flowgate/internal/report"
	"github.com/flowgate-go/flowgate/internal/terminal"
)

// Print implements report.Printed: what each family of checks looked at.
func (v Verified) Print(p *terminal.Printer) {
	p.Field("configuration", v.Config)
	v.Security.Print(p)
	if d, ok := v.Smoke.(report.Printed); ok {
		d.Print(p)
	}
}
