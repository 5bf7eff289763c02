package auth

import (
	"time"

	"github.com/flowgate-go/flowgate/internal/terminal"
)

// Print implements report.Printed: what happened to each account, one after the other.
func (c Change) Print(p *terminal.Printer) {
	tone := terminal.Good
	if !c.Changed {
		tone = terminal.Plain
	}
	switch {
	case c.Account != nil:
		p.Note(tone, terminal.Join(" ", c.Account.Provider+" account", c.Account.Account, "("+string(c.Account.State)+")"))
	case c.Destination != "":
		p.Note(tone, "written to "+c.Destination)
	case c.Changed:
		p.Note(tone, "removed "+c.Source)
	}
	p.Field("  proof", c.Proof)
	if c.Wired != nil && c.Wired.Changed {
		p.Field("  added to", c.Wired.File)
	}
	for _, w := range c.Warnings {
		p.Note(terminal.Caution, w.Message)
	}
	for _, other := range c.Others {
		other.Print(p)
	}
	for _, f := range c.Failed {
		p.Note(terminal.Bad, f.Account+": "+f.Message)
	}
}

// PrintAccounts writes one row an account, then what is wrong with any of them.
func PrintAccounts(p *terminal.Printer, accounts []Account) {
	rows := make([][]terminal.Span, len(accounts))
	for i, a := range accounts {
		rows[i] = a.row()
	}
	p.Table(0, []string{"ACCOUNT", "PROVIDER", "STATE", "EXPIRES IN", "WHO", "PLAN"}, rows)
	for _, a := range accounts {
		for _, problem := range a.Problems {
			p.Note(terminal.Caution, a.Account+": "+problem.Message)
		}
	}
}

// row returns the account's row of the table.
func (a Account) row() []terminal.Span {
	expires := ""
	if a.ExpiresInS != nil {
		expires = "expired"
		if left := time.Duration(*a.ExpiresInS * float64(time.Second)); left > 0 {
			expires = terminal.Duration(left)
		}
		if a.Refreshable {
			expires += ", renewed by itself"
		}
	}
	state := terminal.Span{Text: string(a.State), Tone: toneOf(a.State)}
	if a.Disabled {
		state = terminal.Span{Text: "disabled", Tone: terminal.Caution}
	}
	return []terminal.Span{
		{Text: a.Account, Tone: terminal.Strong}, {Text: a.Provider}, state, {Text: expires},
		{Text: terminal.Join(", ", a.Email, a.Team)}, {Text: a.Plan},
	}
}

// toneOf returns how a state looks: whether the account can be used.
func toneOf(s State) terminal.Tone {
	switch s {
	case Fresh, Stale, Lasting:
		return terminal.Good
	case Dead:
		return terminal.Bad
	}
	return terminal.Caution
}
