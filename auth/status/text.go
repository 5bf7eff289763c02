package status

import (
	"strings"
	"time"

	"github.com/samber/lo"

	"github.com/flowgate-go/flowgate/auth"
	"github.com/flowgate-go/flowgate/auth/grant"
	"github.com/flowgate-go/flowgate/internal/terminal"
)

// Print implements report.Printed: the accounts, then the providers that one can sign
// in to.
func (o Overview) Print(p *terminal.Printer) {
	if len(o.Accounts) == 0 {
		p.Note(terminal.Plain, "there is no account in "+o.Folder)
	}
	printAccounts(p, o.Accounts)
	for _, shared := range o.Shared {
		holders := lo.Map(shared.Holders, func(h grant.Holder, _ int) string { return h.Keeper })
		p.Note(terminal.Caution, shared.Provider+": one sign-in is held by "+strings.Join(holders, " and "))
	}
	for _, e := range o.Ending {
		p.Note(terminal.Bad, e.Provider+" will have no usable account: "+strings.Join(e.Reasons, "; "))
	}
	switch {
	case o.Server == nil || o.Server.Answers:
	case o.Server.URL == "":
		p.Note(terminal.Caution, "CLIProxyAPI was not asked: "+o.Server.Reason)
	default:
		p.Note(terminal.Caution, "CLIProxyAPI does not answer at "+o.Server.URL+": "+o.Server.Reason)
	}
	rows := [][]terminal.Span{}
	for _, s := range o.Providers {
		note := s.Reason
		if len(s.Possible) > 0 {
			note = ""
		}
		rows = append(rows, []terminal.Span{
			{Text: s.Name, Tone: terminal.Strong}, {Text: strings.Join(s.Possible, ", ")}, {Text: note},
		})
	}
	if len(rows) > 0 {
		p.Line(0)
	}
	p.Table(0, []string{"PROVIDER", "SIGN IN NOW BY", "NOTE"}, rows)
}

// printAccounts writes one row for each account, then what is wrong with any of them.
func printAccounts(p *terminal.Printer, accounts []auth.Account) {
	rows := make([][]terminal.Span, len(accounts))
	for i, a := range accounts {
		rows[i] = accountRow(a)
	}
	p.Table(0, []string{"ACCOUNT", "PROVIDER", "STATE", "EXPIRES IN", "WHO", "PLAN"}, rows)
	for _, a := range accounts {
		for _, problem := range a.Problems {
			p.Note(terminal.Caution, a.Account+": "+problem.Message)
		}
	}
}

// accountRow returns an account's row of the table.
func accountRow(a auth.Account) []terminal.Span {
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
		{Text: terminal.Join(", ", a.Email, a.Organization)}, {Text: a.Plan},
	}
}

// toneOf returns the tone of a state, which shows whether the account can be used.
func toneOf(s auth.State) terminal.Tone {
	switch s {
	case auth.Fresh, auth.Stale, auth.Lasting:
		return terminal.Good
	case auth.Dead:
		return terminal.Bad
	}
	return terminal.Caution
}
