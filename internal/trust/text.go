package trust

import "github.com/flowgate-go/flowgate/internal/terminal"

// Print implements report.Printed: what the configuration executes, writes, reads and
// sends to, and whether that is trusted.
func (v Verdict) Print(p *terminal.Printer) {
	lines := v.Lines()
	if v.Trusted {
		lines[0] = "this configuration is trusted"
	}
	for _, line := range lines {
		p.Line(0, terminal.Span{Text: line})
	}
}
