package smoke

import (
	"maps"
	"slices"

	"github.com/flowgate-go/flowgate/internal/terminal"
)

// Print implements report.Printed: which stack was tried, and the last lines of its logs
// when a check failed.
func (t Target) Print(p *terminal.Printer) {
	p.Field("tried",
		terminal.Join(", ", t.URL, terminal.Join(" ", "model", t.Model), terminal.Join(" ", t.Runtime, "router")))
	p.Field("upstream", t.Upstream)
	p.Field("profile", t.Profile)
	printGroups(p, t.Groups)
	for _, name := range slices.Sorted(maps.Keys(t.Logs)) {
		p.Line(0, terminal.Span{Text: name + " wrote last:", Tone: terminal.Strong})
		for _, line := range t.Logs[name] {
			p.Verbatim(2, terminal.Plain, line)
		}
	}
	p.Field("kept running in", t.RuntimeDir)
	if t.Stop != "" {
		p.Command(2, t.Stop)
	}
}
