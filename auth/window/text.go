package window

import (
	"cmp"
	"fmt"
	"time"

	"github.com/flowgate-go/flowgate/internal/terminal"
	"github.com/flowgate-go/flowgate/internal/usage/quota"
)

// Print implements report.Printed: one row for each window, and why there is none.
func (o Overview) Print(p *terminal.Printer) {
	if o.Reason != "" {
		p.Note(terminal.Plain, o.Reason)
	}
	rows := [][]terminal.Span{}
	for _, w := range o.Windows {
		if w.Name == quota.Unified || w.Name == quota.Overage { // the windows themselves say it
			continue
		}
		rows = append(rows, w.row())
	}
	p.Table(0, []string{"ACCOUNT", "PROVIDER", "WINDOW", "USED", "STATUS", "RESETS IN", "RUNS OUT", "SEEN"}, rows)
}

// row returns a window's row of the table.
func (w Window) row() []terminal.Span {
	used := terminal.Span{Text: "?"}
	if w.UsedShare != nil {
		used.Text = fmt.Sprintf("%.0f %%", 100**w.UsedShare)
	}
	status, runsOut := w.Status, ""
	switch {
	case w.UsedUp:
		used.Tone, status = terminal.Bad, cmp.Or(status, "used up")
	case w.RunsOutInS != nil:
		used.Tone, runsOut = terminal.Caution, "in "+duration(*w.RunsOutInS)
	case w.SharePerHour != nil && w.ResetsAt != nil:
		runsOut = "not before"
	}
	resets := ""
	if w.ResetsInS != nil {
		resets = duration(*w.ResetsInS)
	}
	return []terminal.Span{
		{Text: w.Holder(), Tone: terminal.Strong}, {Text: w.Provider}, {Text: w.Name}, used, {Text: status},
		{Text: resets}, {Text: runsOut}, {Text: terminal.Time(w.ObservedAt), Tone: terminal.Faint},
	}
}

// Holder returns whose window it is: the account's name, else its auth_index, else the
// deployment.
func (w Window) Holder() string { return cmp.Or(w.AccountName, w.Account, w.Deployment) }

// duration returns seconds as people read them.
func duration(seconds float64) string {
	return terminal.Duration(time.Duration(seconds * float64(time.Second)))
}
