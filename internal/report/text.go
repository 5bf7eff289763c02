package report

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"

	"github.com/flowgate-go/flowgate/internal/terminal"
)

// Reasoned is a detail that can say in one line why its check ended as it did.
type Reasoned interface{ Reason() string }

// Headed is data with a headline: one line that the text format prints first.
type Headed interface{ Headline() string }

// Printed is data that has a form of its own for people, which the text format prints.
type Printed interface{ Print(p *terminal.Printer) }

// Paged is data that people read as a page of lines, such as those of a log. Page
// returns the lines, each with its line break; none of its text is escaped yet.
type Paged interface{ Page() string }

// Brief is data that the text format prints in a shorter form than JSON.
type Brief interface{ Brief() any }

// writeText writes a report for people: the headline, what is wrong, how many checks
// passed, then the data. The error comes last, and not at all when Joined is set: the
// program prints it on stderr, which the same people read.
func (o *Output) writeText(w io.Writer, r *Report) error {
	p := terminal.NewPrinter(w, o.Style)
	if d, ok := r.Data.(Headed); ok && d.Headline() != "" {
		p.Line(0, terminal.Span{Text: d.Headline(), Tone: terminal.Strong})
	}
	shown := o.selectChecks(r.Checks)
	longest := 0
	for _, c := range shown {
		longest = max(longest, len(c.ID))
	}
	for _, c := range shown {
		printCheck(p, c, longest)
	}
	if r.Summary != nil && (r.Error == nil || len(r.Checks) > 0) {
		printSummary(p, r)
	}
	if err := printData(p, w, r.Data); err != nil {
		return err
	}
	if r.Error != nil && !o.Joined {
		p.Line(0, terminal.Span{Text: r.Error.Code + ": ", Tone: terminal.Bad}, terminal.Span{Text: r.Error.Message})
		if r.Error.Hint != "" {
			p.Line(2, terminal.Span{Text: "hint: " + r.Error.Hint})
		}
	}
	return p.Err()
}

// selectChecks returns the checks that the text format shows, problems first: those
// that failed, that warn and that fixed something; with Verbose also the others.
func (o *Output) selectChecks(checks []Result) []Result {
	rank := func(c Result) int {
		switch {
		case c.Status == Fail:
			return 0
		case c.Status == Warn:
			return 1
		case len(c.Mended) > 0:
			return 2
		}
		return 3
	}
	shown := slices.DeleteFunc(slices.Clone(checks), func(c Result) bool { return rank(c) == 3 && !o.Verbose })
	slices.SortStableFunc(shown, func(a, b Result) int { return rank(a) - rank(b) })
	return shown
}

// marks are what a line begins with, by the status of its check.
var marks = map[Status]terminal.Span{
	Pass: {Text: "✓", Tone: terminal.Good},
	Warn: {Text: "!", Tone: terminal.Caution},
	Fail: {Text: "✗", Tone: terminal.Bad},
	Skip: {Text: "-", Tone: terminal.Faint},
}

// printCheck writes one check: why it ended as it did, and below it how to fix it. Its
// ID takes width columns.
func printCheck(p *terminal.Printer, c Result, width int) {
	text := c.Title
	if c.Status != Pass {
		text = reasonOf(c)
	}
	if len(c.Mended) > 0 {
		text += "; fixed: " + strings.Join(c.Mended, ", ")
	}
	p.Line(0, marks[c.Status], terminal.Span{Text: " "}, terminal.Span{Text: c.ID, Tone: terminal.Strong},
		terminal.Span{Text: strings.Repeat(" ", max(0, width-len(c.ID))) + "  " + text})
	if c.Fix == nil {
		return
	}
	p.Line(4, terminal.Span{Text: "→ " + c.Fix.Text})
	if c.Fix.Command != "" {
		p.Command(6, c.Fix.Command)
	}
}

// printSummary writes how many checks there were of each status.
func printSummary(p *terminal.Printer, r *Report) {
	var counts []string
	for _, c := range []struct {
		n    int
		verb string
	}{{r.Summary.Pass, "passed"}, {r.Summary.Warn, "warned"}, {r.Summary.Fail, "failed"}, {r.Summary.Skip, "skipped"}} {
		if c.n > 0 || c.verb == "passed" {
			counts = append(counts, fmt.Sprintf("%d %s", c.n, c.verb))
		}
	}
	mark := marks[Pass]
	if !r.OK {
		mark = marks[Fail]
	}
	p.Line(0, mark, terminal.Span{Text: fmt.Sprintf(" %s in %.0f ms", strings.Join(counts, ", "), r.DurationMS)})
}

// reasonOf returns in one line why a check ended as it did.
func reasonOf(c Result) string {
	if d, ok := c.Detail.(Reasoned); ok && d.Reason() != "" {
		return d.Reason()
	}
	return c.Title
}

// reasonLine returns reasonOf together with the fix, for formats that have one line.
func reasonLine(c Result) string {
	text := reasonOf(c)
	if c.Fix != nil {
		text += " → " + c.Fix.Text
		if c.Fix.Command != "" {
			text += " (" + c.Fix.Command + ")"
		}
	}
	return text
}

// printData writes a report's data: in its own form if it has one, else as YAML.
func printData(p *terminal.Printer, w io.Writer, data any) error {
	if d, ok := data.(Brief); ok {
		data = d.Brief()
	}
	switch d := data.(type) {
	case nil:
	case Printed:
		d.Print(p)
	case Paged:
		p.Block(0, d.Page())
	default:
		return writeYAML(w, data)
	}
	return nil
}

// writeYAML writes data as YAML, with the names, the order and the values of its JSON.
func writeYAML(w io.Writer, data any) error {
	doc, err := json.Marshal(data)
	if err != nil {
		return fmt.Errorf("render data as text: %w", err)
	}
	page, err := yaml.JSONToYAML(doc)
	if err != nil {
		return fmt.Errorf("render data as text: %w", err)
	}
	_, err = io.WriteString(w, escapeText(string(page)))
	return err
}
