package status

import (
	"strings"

	"github.com/samber/lo"

	"github.com/flowgate-go/flowgate/auth"
	"github.com/flowgate-go/flowgate/auth/grant"
	"github.com/flowgate-go/flowgate/internal/terminal"
)

// Print implements report.Printed: the accounts, then the providers that one can sign
// in to.
func (o Overview) Print(p *terminal.Printer) {
	if len(o.Accounts) == 0 {
		p.Note(terminal.Plain, "no account in "+o.Folder)
	}
	auth.PrintAccounts(p, o.Accounts)
	for _, shared := range o.Shared {
		holders := lo.Map(shared.Holders, func(h grant.Holder, _ int) string { return h.Keeper })
		p.Note(terminal.Caution, shared.Provider+": one sign-in is held by "+strings.Join(holders, " and "))
	}
	for _, e := range o.Ending {
		p.Note(terminal.Bad, e.Provider+" will have no usable account: "+strings.Join(e.Reasons, "; "))
	}
	if o.Server != nil && !o.Server.Answers {
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
