package clientkey

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/flowgate-go/flowgate/internal/terminal"
)

// Print implements report.Printed: it prints a row for each key.
func (l Listing) Print(p *terminal.Printer) {
	if len(l.Keys) == 0 {
		p.Note(terminal.Plain, "there are no named keys; only the gateway key is valid")
		return
	}
	rows := make([][]terminal.Span, len(l.Keys))
	for i, k := range l.Keys {
		rows[i] = k.row()
	}
	p.Table(0, []string{"NAME", "KEY", "STATE", "LAST USED", "SPENT", "EXPIRES", "LIMITS", "MODELS"}, rows)
}

// row returns the key's row of the table.
func (k Listed) row() []terminal.Span {
	tone, used, expires := terminal.Good, "never", ""
	if k.State != Active {
		tone = terminal.Caution
	}
	if !k.LastUsed.IsZero() {
		used = terminal.Time(k.LastUsed)
	}
	if k.Expires != nil {
		expires = terminal.Time(*k.Expires)
	}
	return []terminal.Span{{Text: k.Alias, Tone: terminal.Strong}, {Text: k.KeyName},
		{Text: strings.ReplaceAll(string(k.State), "_", " "), Tone: tone}, {Text: used},
		{Text: k.describeSpend()}, {Text: expires}, {Text: k.describe()}, {Text: strings.Join(k.Models, ", ")}}
}

// describeSpend returns what was spent, and of what.
func (k Listed) describeSpend() string {
	if k.MaxBudget == nil {
		return fmt.Sprintf("$%.2f", k.Spend.Spend)
	}
	text := fmt.Sprintf("$%.2f of $%.2f", k.Spend.Spend, *k.MaxBudget)
	if k.BudgetDuration != "" {
		text += " in " + k.BudgetDuration
	}
	return text
}

// describe returns the limits of requests and tokens in words; empty when there are none.
func (l Limits) describe() string {
	var parts []string
	add := func(n *int64, what string) {
		if n != nil {
			parts = append(parts, strconv.FormatInt(*n, 10)+what)
		}
	}
	add(l.RPM, " requests/min")
	add(l.TPM, " tokens/min")
	add(l.MaxParallel, " at once")
	return strings.Join(parts, ", ")
}

// Print implements report.Printed: it prints the key once, and what it is for.
func (i Issued) Print(p *terminal.Printer) {
	p.Line(0, terminal.Span{Text: i.Key, Tone: terminal.Strong})
	p.Note(terminal.Caution, "this key of "+i.Info.Alias+" is not shown again; the router accepts it within a second")
	Listing{[]Listed{{Key: i.Info, State: Active}}}.Print(p)
}

// Print implements report.Printed: it says which key was revoked.
func (k Key) Print(p *terminal.Printer) {
	p.Note(terminal.Good, "the key of "+k.Alias+" ("+k.KeyName+") is revoked; the router refuses it within a second")
}
