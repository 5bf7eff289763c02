package preview

import (
	"fmt"
	"slices"
	"strings"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/router/dialect"
	"github.com/flowgate-go/flowgate/internal/terminal"
)

// Print implements report.Printed: one row for each deployment, then the problems and
// warnings with their places.
func (p Preview) Print(out *terminal.Printer) {
	out.Field("configuration", p.describeFile())
	out.Table(0, []string{"GROUP", "GOES TO", "KEY", "NATIVE", "TRANSLATED", "NOT SERVED", "WITHOUT EFFECT", "LOST"},
		p.rows())
	for _, a := range p.Aliases {
		out.Line(0, terminal.Span{Text: a.Name, Tone: terminal.Strong}, terminal.Span{Text: " is another name of " + a.Group})
	}
	for _, g := range p.RoutingGroups {
		if g.Hidden { // a warning says so
			continue
		}
		out.Line(0, terminal.Span{Text: g.Name, Tone: terminal.Strong},
			terminal.Span{Text: fmt.Sprintf(" stands for %s, by %s", strings.Join(g.Groups, ", "), g.Strategy)})
	}
	if p.hasAssumed() {
		out.Line(0, terminal.Span{Text: "?: nothing is known of the address; a route that it lacks is translated",
			Tone: terminal.Faint})
	}
	for _, problem := range p.Problems {
		out.Note(terminal.Bad, problem.String())
	}
	for _, w := range p.Warnings {
		out.Note(terminal.Caution, w.String())
	}
	for _, line := range p.Next {
		out.Command(0, line)
	}
}

// describeFile returns the file with its format and profile, in words.
func (p Preview) describeFile() string {
	file := p.File
	if file == "" {
		file = "the built-in default"
	}
	format := map[config.Format]string{config.FormatLiteLLM: " (LiteLLM)",
		config.FormatClaudeCodeRouter: " (claude-code-router)"}[p.Format]
	if p.Profile != "" {
		format += ", profile " + p.Profile
	}
	if p.Runtime != config.RuntimeEmbedded {
		format += "; served by " + p.Runtime + ": the table is what the embedded router would serve"
	}
	return file + format
}

// rows returns a row for each deployment. Deployments with equal rows that follow one another
// share one.
func (p Preview) rows() [][]terminal.Span {
	var rows [][]terminal.Span
	count := 1
	for i, d := range p.Deployments {
		row := d.row()
		if i > 0 && isSameRow(row, p.Deployments[i-1].row()) {
			count++
			rows[len(rows)-1][0].Text = fmt.Sprintf("%s (%d deployments)", d.Group, count)
			continue
		}
		rows, count = append(rows, row), 1
	}
	return rows
}

// isSameRow reports whether two rows of the table have the same texts.
func isSameRow(a, b []terminal.Span) bool {
	return slices.EqualFunc(a, b, func(x, y terminal.Span) bool { return x.Text == y.Text })
}

// hasAssumed reports whether nothing is known of the address of at least one deployment.
func (p Preview) hasAssumed() bool {
	for _, d := range p.Deployments {
		for _, in := range d.Dialects {
			if in.Assumed && in.How == Native {
				return true
			}
		}
	}
	return false
}

// row returns the deployment's row of the table.
func (d Deployment) row() []terminal.Span {
	target := terminal.Join(" ", d.Provider, d.Address)
	if d.Upstream != "" {
		target = terminal.Join(" ", target, "as "+d.Upstream)
	}
	key, tone := d.Key.describe()
	row := []terminal.Span{{Text: d.Group, Tone: terminal.Strong}, {Text: target}, {Text: key, Tone: tone}, {}, {}, {},
		{Text: strings.Join(d.WithoutEffect, ", ")}, {}}
	if !d.Serves {
		row[2] = terminal.Span{} // no request is sent that would need a key
		row[5] = terminal.Span{Text: "anything: " + d.Reason, Tone: terminal.Bad}
		return row
	}
	for _, in := range d.Dialects {
		in.addTo(row)
	}
	return row
}

// addTo adds how a dialect is served to the columns of a row. Routes of one family, such as
// those of images, are named once. They are not listed as unserved, because most models do
// not serve them.
func (in Dialect) addTo(row []terminal.Span) {
	name, _, hasSubroute := strings.Cut(in.Name, "/")
	if in.Name == dialect.Compact.Path() && in.How == Translated && in.As == dialect.Responses.Path() {
		name = "compaction" // a summary is asked for on the route of responses
	}
	column, text := 3, name
	switch {
	case in.How == Translated:
		column, text = 4, name+" (as "+in.As+")"
	case in.How == Unserved && (hasSubroute || name == "rerank" || name == "moderations"):
		return
	case in.How == Unserved:
		column = 5
	case in.How == Estimated, in.How == Mocked, in.How == Depends:
		text += " (" + in.How + ")"
	case in.Assumed:
		text += "?"
	}
	if !slices.Contains(strings.Split(row[column].Text, ", "), text) {
		row[column].Text = terminal.Join(", ", row[column].Text, text)
	}
	if len(in.Lost) > 0 {
		row[7].Text = terminal.Join("; ", row[7].Text, name+": "+strings.Join(in.Lost, ", "))
	}
}

// describe returns where a key comes from, in words.
func (k Key) describe() (text string, tone terminal.Tone) {
	switch {
	case k.Source == "environment" && k.Set:
		return "$" + k.Name, terminal.Plain
	case k.Source == "environment":
		return "$" + k.Name + " (not set)", terminal.Bad
	case k.Source == "credential" && k.Set:
		return "credential " + k.Name, terminal.Plain
	case k.Source == "credential":
		return "credential " + k.Name + " (not there)", terminal.Bad
	case k.Source == "cloud":
		return "the cloud's credentials", terminal.Plain
	case k.Source == "file":
		return "in the file", terminal.Caution
	}
	return "none", terminal.Faint
}
