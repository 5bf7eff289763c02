package summary

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/samber/lo"

	"github.com/flowgate-go/flowgate/internal/printable"
	"github.com/flowgate-go/flowgate/internal/terminal"
	"github.com/flowgate-go/flowgate/internal/usage/ledger"
)

// Print implements report.Printed: it prints a row for each line, and what is not in the sums.
func (r *Report) Print(p *terminal.Printer) {
	if r.Total.Requests == 0 {
		p.Note(terminal.Plain, "no requests in this span of time")
	} else {
		rows := lo.Map(r.Lines, func(l ledger.Line, _ int) []terminal.Span { return sumRow(l.Name, l.Sum) })
		if len(rows) > 1 {
			rows = append(rows, sumRow("total", r.Total))
		}
		p.Table(0, []string{strings.ToUpper(string(r.By)), "REQUESTS", "FAILED", "INPUT", "CACHED", "OUTPUT", "COST",
			"MEAN"}, rows)
	}
	if r.Ledgers > 1 {
		p.Note(terminal.Plain, fmt.Sprintf("the sum of %d ledgers", r.Ledgers))
	}
	printUnknown(p, r.Unpriced, r.Gaps)
}

// sumRow returns a sum as a row of a table.
func sumRow(name string, s ledger.Sum) []terminal.Span {
	failed := terminal.Span{}
	if s.Failures > 0 {
		failed = terminal.Span{Text: strconv.FormatInt(s.Failures, 10), Tone: terminal.Caution}
	}
	cost := fmt.Sprintf("$%.4f", s.Cost)
	if s.Unpriced > 0 {
		cost += "+?"
	}
	return []terminal.Span{{Text: lo.CoalesceOrEmpty(name, "(none)"), Tone: terminal.Strong},
		{Text: strconv.FormatInt(s.Requests, 10)}, failed, {Text: strconv.FormatInt(s.Input, 10)},
		{Text: strconv.FormatInt(s.Cached, 10)}, {Text: strconv.FormatInt(s.Output, 10)}, {Text: cost},
		{Text: milliseconds(s.MeanMS)}}
}

// milliseconds returns a time in milliseconds.
func milliseconds(ms float64) string { return strconv.FormatFloat(ms, 'f', 0, 64) + " ms" }

// printUnknown prints what is in no sum: models without a price, and rows that were lost.
func printUnknown(p *terminal.Printer, models []ledger.Unpriced, gaps []ledger.Gap) {
	if len(models) > 0 {
		names := lo.Map(models, func(m ledger.Unpriced, _ int) string {
			return fmt.Sprintf("%s (%s)", lo.CoalesceOrEmpty(m.Model, "(none)"), terminal.Count(int(m.Requests), "request"))
		})
		p.Note(terminal.Caution, "models without a price, whose cost is in no sum: "+terminal.Join(", ", names...))
	}
	for _, gap := range gaps {
		p.Note(terminal.Caution, fmt.Sprintf("%s from %s to %s have no row: %s", terminal.Count(int(gap.Requests), "request"),
			terminal.Time(gap.Since), terminal.Time(gap.Until), gap.Reason))
	}
}

// Print implements report.Printed: it prints what was used of what is allowed.
func (g *Gate) Print(p *terminal.Printer) {
	cost, tokens := fmt.Sprintf("$%.4f", g.Cost), strconv.FormatInt(g.Tokens, 10)
	if g.MaxCost != nil {
		cost += fmt.Sprintf(" of $%g", *g.MaxCost)
	}
	if g.MaxTokens != nil {
		tokens += fmt.Sprintf(" of %d", *g.MaxTokens)
	}
	p.Field("since", terminal.Time(g.Since))
	p.Field("cost", cost)
	p.Field("tokens", tokens)
	printUnknown(p, g.Unpriced, g.Gaps)
}

// Print implements report.Printed: it says how many rows are gone.
func (f *Forgotten) Print(p *terminal.Printer) {
	p.Note(terminal.Plain, terminal.Count(int(f.Rows), "request")+" deleted from the ledger")
}

// Print implements report.Printed: it prints a row for each request.
func (r Requests) Print(p *terminal.Printer) {
	if len(r.Rows) == 0 {
		p.Note(terminal.Plain, "the ledger has no requests yet")
		return
	}
	p.Table(0, []string{"TIME", "CLIENT", "AGENT", "MODEL", "DEPLOYMENT", "STATUS", "FIRST", "TIME TAKEN", "TOKENS",
		"COST", "WHY"},
		lo.Map(r.Rows, func(row ledger.Row, _ int) []terminal.Span { return requestRow(row) }))
}

// Line is a row of the ledger that is printed when it comes.
type Line struct{ ledger.Row }

// Page implements report.Paged: the row on one line, in columns that fit most of what comes.
func (l Line) Page() string {
	var text strings.Builder
	for i, span := range requestRow(l.Row) {
		width := [...]int{20, 12, 16, 20, 20, 4, 9, 9, 14, 9, 0}[i]
		fmt.Fprintf(&text, "%-*s ", width, span.Text)
	}
	return printable.EscapeLine(strings.TrimRight(text.String(), " ")) + "\n"
}

// requestRow returns who asked what, where it went, how fast it was, and why it failed.
func requestRow(r ledger.Row) []terminal.Span {
	tone, cost, tokens, first := terminal.Good, "?", "?", ""
	if r.Class != "" || r.Status >= 400 {
		tone, tokens, cost = terminal.Bad, "", ""
	}
	if r.Cost != nil {
		cost = fmt.Sprintf("$%.4f", *r.Cost)
	}
	if r.TokensKnown {
		tokens = fmt.Sprintf("%d+%d", r.Input, r.Output)
	}
	if r.FirstByteMS > 0 {
		first = milliseconds(r.FirstByteMS)
	}
	agent, _, _ := strings.Cut(r.UserAgent, " ")
	return []terminal.Span{{Text: terminal.Time(r.Time)}, {Text: r.Client, Tone: terminal.Strong}, {Text: agent},
		{Text: r.Requested}, {Text: r.Deployment}, {Text: strconv.Itoa(r.Status), Tone: tone}, {Text: first},
		{Text: milliseconds(r.DurationMS)}, {Text: tokens}, {Text: cost}, {Text: why(r)}}
}

// why returns what was not as usual.
func why(r ledger.Row) string {
	var parts []string
	if r.Class != "" {
		parts = append(parts, r.Class)
	}
	if r.Attempts > 1 {
		parts = append(parts, terminal.Count(r.Attempts, "attempt"))
	}
	if r.Fallback != "" {
		parts = append(parts, "fallback "+r.Fallback)
	}
	return terminal.Join(", ", parts...)
}
