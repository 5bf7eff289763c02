package tasks

import (
	"maps"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"

	"github.com/flowgate-go/flowgate/internal/bootstrap"
	"github.com/flowgate-go/flowgate/internal/program"
	"github.com/flowgate-go/flowgate/internal/terminal"
)

// Print implements report.Printed: one row per profile, with a mark at the one in force. A
// single profile is printed with its settings.
func (l profileList) Print(p *terminal.Printer) {
	rows := [][]terminal.Span{}
	for _, profile := range l.Profiles {
		row := []terminal.Span{{Text: profile.Name, Tone: terminal.Strong}, {}}
		if profile.Name == l.Current {
			row[1] = terminal.Span{Text: "in force", Tone: terminal.Good}
		}
		rows = append(rows, row)
	}
	p.Table(0, []string{"PROFILE", "STATE"}, rows)
	if len(l.Profiles) == 1 {
		if page, err := yaml.Marshal(l.Profiles[0].Settings); err == nil {
			p.Block(2, string(page))
		}
	}
}

// Print implements report.Printed: each setting with its two values.
func (c profileChanges) Print(p *terminal.Printer) {
	if len(c.Changes) == 0 {
		p.Note(terminal.Plain, c.From+" and "+c.To+" are the same")
	}
	for _, change := range c.Changes {
		p.Line(0, terminal.Span{Text: change.Path, Tone: terminal.Strong},
			terminal.Span{Text: ": " + formatValue(change.From) + " → " + formatValue(change.To)})
	}
}

// formatValue returns a setting's value in YAML on one line.
func formatValue(v any) string {
	if v == nil {
		return "not set"
	}
	text, err := yaml.MarshalWithOptions(v, yaml.Flow(true))
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(text))
}

// Print implements report.Printed: one line per event.
func (e eventLines) Print(p *terminal.Printer) {
	for _, event := range e.Events {
		event.Print(p)
	}
}

// Print implements report.Printed: the state in a few lines, and what to type next.
func (o overview) Print(p *terminal.Printer) {
	file := o.Config
	if file == "" {
		file = "none; the built-in default is in force"
	}
	p.Field("FlowGate", o.Version)
	p.Field("configuration", file)
	p.Field("profile", o.Profile)
	for _, name := range slices.Sorted(maps.Keys(o.Services)) {
		p.Field(name, o.Services[name])
	}
	p.Line(0)
	for _, line := range o.Next {
		p.Command(2, line)
	}
}

// Print implements report.Printed: the usage of the target that was asked for, then the other
// targets and what they do.
func (l targetList) Print(p *terminal.Printer) {
	others := l.Targets
	if l.explained {
		others[0].print(p)
		if others = others[1:]; len(others) > 0 {
			p.Line(0)
		}
	}
	rows := make([][]terminal.Span, len(others))
	for i, t := range others {
		rows[i] = []terminal.Span{{Text: t.Name, Tone: terminal.Strong}, {Text: t.Synopsis}}
	}
	p.Table(0, []string{"TARGET", "WHAT IT DOES"}, rows)
	if len(l.Topics) == 1 {
		p.Line(0, terminal.Span{Text: program.Text("mage help " + l.Topics[0] + " shows the document about it")})
	}
	if len(l.Topics) > 1 {
		p.Line(0)
		p.Line(0, terminal.Span{Text: program.Text("mage help TOPIC shows ") + strings.Join(l.Topics, ", ")})
	}
}

// print writes the usage of the target and what each of its flags means.
func (t targetHelp) print(p *terminal.Printer) {
	p.Command(0, t.Usage)
	p.Line(2, terminal.Span{Text: t.Synopsis})
	rows := make([][]terminal.Span, len(t.Flags))
	for i, f := range t.Flags {
		rows[i] = []terminal.Span{{Text: "-" + f.Flag, Tone: terminal.Strong}, {Text: f.Kind}, {Text: f.Meaning}}
	}
	p.Table(2, []string{"FLAG", "KIND", "MEANING; WHAT HOLDS WITHOUT IT"}, rows)
}

// Print implements report.Printed: one line.
func (v versions) Print(p *terminal.Printer) {
	p.Line(0, terminal.Span{Text: "flowgate " + v.FlowGate + " (" + v.Go + ", " + v.Platform + ")"})
}

// Print implements report.Printed: one row per installation.
func (l trustList) Print(p *terminal.Printer) {
	rows := make([][]terminal.Span, len(l.Installations))
	for i, r := range l.Installations {
		file := r.Config
		if file == "" {
			file = r.Root + " (built-in default)"
		}
		rows[i] = []terminal.Span{{Text: file, Tone: terminal.Strong}, {Text: r.By}, {Text: terminal.Time(r.At)}}
	}
	if len(rows) == 0 {
		p.Note(terminal.Plain, "no installation is trusted")
	}
	p.Table(0, []string{"INSTALLATION", "BY", "SINCE"}, rows)
}

// Print implements report.Printed: one sentence.
func (r trustRevoked) Print(p *terminal.Printer) {
	if r.Changed {
		p.Note(terminal.Good, "the configuration here is no longer trusted")
		return
	}
	p.Note(terminal.Plain, "the configuration here was not trusted")
}

// Print implements report.Printed: what changed in the files of the tools.
func (c clientChanges) Print(p *terminal.Printer) {
	if len(c.Clients) == 0 {
		p.Note(terminal.Good, "no tool points at this router: there is nothing to change")
	}
	for _, changed := range c.Clients {
		changed.Print(p)
	}
}

// Print implements report.Printed: what to write by hand for each tool.
func (c clientRecipes) Print(p *terminal.Printer) {
	for _, r := range c.Clients {
		r.Print(p)
	}
}

// versionList is the data of bootstrap:outdated.
type versionList []bootstrap.VersionStatus

// Print implements report.Printed: one row a runtime.
func (l versionList) Print(p *terminal.Printer) {
	if len(l) == 0 {
		p.Note(terminal.Good, "nothing is installed, and this configuration needs nothing")
		return
	}
	rows := make([][]terminal.Span, len(l))
	for i, v := range l {
		state, tone := "latest", terminal.Good
		switch {
		case v.Outdated:
			state, tone = "outdated", terminal.Caution
		case v.Latest == "":
			state, tone = "not known", terminal.Plain
		}
		rows[i] = []terminal.Span{{Text: v.Name, Tone: terminal.Strong}, {Text: v.Active}, {Text: v.Latest},
			{Text: state, Tone: tone}}
	}
	p.Table(0, []string{"RUNTIME", "INSTALLED", "LATEST", "STATE"}, rows)
}
