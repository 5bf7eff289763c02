package page

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/flowgate-go/flowgate/auth"
	"github.com/flowgate-go/flowgate/auth/window"
	"github.com/flowgate-go/flowgate/internal/report"
	"github.com/flowgate-go/flowgate/internal/terminal"
	"github.com/flowgate-go/flowgate/internal/usage/quota"
	"github.com/flowgate-go/flowgate/supervisor/control"
)

// view is what the templates show.
type view struct {
	Installation string
	Program      string
	Token        string
	Tone         string // good, caution or bad
	Headline     string
	StackError   string

	Problems  []problem
	Examined  string // when doctor examined the stack last
	Examining bool
	Services  []serviceRow
	Profile   string
	Profiles  []string
	Changing  bool
	Quota     []quotaRow
	NoQuota   string
	Accounts  []accountRow
	HasUsage  bool // a ledger of requests is kept
	Usage     Usage
	Clients   []usageRow
	Models    []usageRow
	Events    []eventRow
}

// problem is something that doctor found.
type problem struct{ Tone, Word, Title, Text, Command, Fix string }

// serviceRow is a service and its state.
type serviceRow struct{ Name, Runtime, Tone, State, Since, Restarts, Memory, Note string }

// quotaRow is a window of an account.
type quotaRow struct {
	Holder, Name, Tone, Used, Resets, RunsOut, Seen string
	Share                                           float64 // from 0 to 1
}

// accountRow is an account and its deadline.
type accountRow struct{ Name, Provider, Tone, State, Expires, Note string }

// usageRow is the usage of a client or model.
type usageRow struct{ Name, Requests, Errors, Input, Output, Cost string }

// eventRow is one event.
type eventRow struct{ At, Stamp, Service, Text, Tone string }

// Tones of what is shown.
const (
	good    = "good"
	caution = "caution"
	bad     = "bad"
)

// maxEvents is how many events are shown.
const maxEvents = 40

// newView returns what the templates show of a snapshot.
func newView(now snapshot, by session, o Sources) view {
	stack := now.stack.value
	v := view{Installation: cmp.Or(o.Installation, "the built-in default"), Program: o.Program, Token: by.token,
		Examining: now.examining, Changing: now.changing, Profile: stack.Profile, Profiles: stack.Profiles,
		NoQuota: stack.Quota.Reason, HasUsage: o.Usage != nil, Usage: now.usage.value}
	if now.stack.err != nil {
		v.StackError = faultText(now.stack.err)
	}
	if !now.findings.at.IsZero() {
		v.Examined = now.findings.at.Local().Format("15:04:05")
	}
	for _, svc := range stack.Status.Services {
		v.Services = append(v.Services, describeService(svc))
	}
	for _, w := range stack.Quota.Windows {
		if w.Name != quota.Unified && w.Name != quota.Overage {
			v.Quota = append(v.Quota, describeWindow(w, now.now))
		}
	}
	for _, a := range stack.Accounts {
		v.Accounts = append(v.Accounts, describeAccount(a, now.now))
	}
	for _, r := range now.findings.value {
		if p, ok := describeFinding(r); ok {
			v.Problems = append(v.Problems, p)
		}
	}
	slices.SortStableFunc(v.Problems, func(a, b problem) int { return cmp.Compare(a.Tone, b.Tone) }) // bad, caution
	v.Clients, v.Models = describeRows(v.Usage.Clients), describeRows(v.Usage.Models)
	v.Events = describeEvents(now.events.value)
	v.Tone, v.Headline = v.summarize(stack.Status)
	return v
}

// summarize returns the state of the stack in one line.
func (v *view) summarize(status control.Status) (tone, text string) {
	failed := 0
	for _, p := range v.Problems {
		if p.Tone == bad {
			failed++
		}
	}
	down := slices.ContainsFunc(v.Services, func(s serviceRow) bool { return s.Tone != good })
	switch {
	case v.StackError != "":
		return bad, v.StackError
	case v.Changing:
		return caution, "The profile is being switched."
	case status.Supervisor == nil:
		return bad, "The stack is stopped: " + v.Program + " start brings it up."
	case failed > 0:
		return bad, count(failed, "problem", "problems") + " to fix."
	case down:
		return bad, "A service is not ready."
	case len(v.Problems) > 0:
		return caution, "All services are ready; " + count(len(v.Problems), "warning.", "warnings.")
	case v.Examined == "":
		return good, "All services are ready."
	}
	return good, "All is well."
}

// describeService returns a service's row.
func describeService(svc control.ServiceStatus) serviceRow {
	row := serviceRow{Name: svc.Name, Runtime: strings.TrimSpace(svc.Runtime + " " + svc.Version), Tone: good,
		State: "ready", Restarts: strconv.Itoa(svc.Restarts), Note: svc.Reason}
	switch {
	case svc.Ready && svc.Live:
	case svc.State == control.StateStarting || svc.State == control.StateStopping || svc.State == control.StateBackoff:
		row.Tone, row.State = caution, svc.State
	case svc.State == control.StateRunning:
		row.Tone, row.State = bad, "not ready"
	default:
		row.Tone, row.State = bad, svc.State
	}
	if svc.UptimeS > 0 {
		row.Since = terminal.Duration(time.Duration(svc.UptimeS) * time.Second)
	}
	if svc.Usage != nil {
		row.Memory = terminal.Bytes(uint64(max(0, svc.Usage.RSS)))
	}
	if svc.LastExit != nil && row.Note == "" {
		row.Note = "ended at " + svc.LastExit.At.Local().Format("15:04") + " (" + svc.LastExit.String() + ")"
	}
	return row
}

// describeWindow returns a window's row.
func describeWindow(w window.Window, now time.Time) quotaRow {
	row := quotaRow{Holder: w.Holder(), Name: w.Provider + " " + w.Name, Tone: good, Used: "not said",
		Seen: ago(now.Sub(w.ObservedAt))}
	if w.UsedShare != nil {
		row.Share, row.Used = min(1, *w.UsedShare), fmt.Sprintf("%.0f %%", 100**w.UsedShare)
	}
	if w.ResetsAt != nil {
		row.Resets = "in " + terminal.Duration(max(0, w.ResetsAt.Sub(now)))
	}
	switch {
	case w.UsedUp:
		row.Tone, row.RunsOut = bad, "used up"
	case w.RunsOutAt != nil:
		row.Tone, row.RunsOut = caution, "in "+terminal.Duration(max(0, w.RunsOutAt.Sub(now)))
	case w.SharePerHour != nil:
		row.RunsOut = "not before the reset"
	}
	return row
}

// describeAccount returns an account's row.
func describeAccount(a auth.Account, now time.Time) accountRow {
	row := accountRow{
		Name: auth.AccountLabel(a.Email, a.Account), Provider: a.Provider, Tone: good, State: string(a.State),
	}
	switch {
	case a.Disabled:
		row.Tone, row.State = caution, "disabled"
	case a.State == auth.Dead:
		row.Tone = bad
	case a.State != auth.Fresh && a.State != auth.Lasting && a.State != auth.Stale:
		row.Tone = caution
	}
	if a.ExpiresAt != nil {
		row.Expires = "expired"
		if left := a.ExpiresAt.Sub(now); left > 0 {
			row.Expires = "in " + terminal.Duration(left)
		}
		if a.Refreshable {
			row.Expires += ", renewed by itself"
		}
	}
	if len(a.Problems) > 0 {
		row.Tone, row.Note = max(row.Tone, caution), a.Problems[0].Message
	}
	return row
}

// describeFinding returns a check's result as a problem; false when it is none.
func describeFinding(r report.Result) (problem, bool) {
	if r.Status != report.Fail && r.Status != report.Warn {
		return problem{}, false
	}
	p := problem{Tone: bad, Word: "Problem", Title: r.ID}
	if r.Status == report.Warn {
		p.Tone, p.Word = caution, "Warning"
	}
	p.Text = r.Title + ": not so."
	if reasoned, ok := r.Detail.(report.Reasoned); ok && reasoned.Reason() != "" {
		p.Text = reasoned.Reason()
	}
	if r.Fix != nil {
		p.Command, p.Fix = r.Fix.Command, r.Fix.Text
	}
	return p, true
}

// describeRows returns rows of usage for people.
func describeRows(all []Row) []usageRow {
	rows := make([]usageRow, 0, len(all))
	for _, r := range all {
		row := usageRow{Name: r.Name, Requests: number(r.Requests), Errors: number(r.Errors), Input: number(r.Input),
			Output: number(r.Output), Cost: fmt.Sprintf("$%.2f", r.Cost)}
		if r.Unpriced == r.Requests && r.Requests > 0 {
			row.Cost = "no price"
		} else if r.Unpriced > 0 {
			row.Cost += fmt.Sprintf(" (%d without a price)", r.Unpriced)
		}
		rows = append(rows, row)
	}
	return rows
}

// describeEvents returns the last events, the newest first.
func describeEvents(all []control.Event) []eventRow {
	rows := []eventRow{}
	for i := len(all) - 1; i >= 0 && len(rows) < maxEvents; i-- {
		e := all[i]
		row := eventRow{At: e.Time().Local().Format("Jan 2 15:04:05"), Stamp: e.Timestamp, Service: e.Service,
			Text: strings.ReplaceAll(e.Event, ".", " ")}
		if e.Detail != "" {
			row.Text += ": " + e.Detail
		}
		if e.Result == "error" {
			row.Tone = bad
		}
		rows = append(rows, row)
	}
	return rows
}

// ago returns how long ago something was, for people.
func ago(d time.Duration) string {
	if d < time.Minute {
		return "just now"
	}
	return terminal.Duration(d) + " ago"
}

// count returns a number with the word for one or for several.
func count(n int, one, several string) string {
	if n == 1 {
		return "1 " + one
	}
	return strconv.Itoa(n) + " " + several
}

// number returns a number in groups of three digits.
func number(n int64) string {
	text := strconv.FormatInt(n, 10)
	for i := len(text) - 3; i > 0 && n > 0 && n < math.MaxInt64; i -= 3 {
		text = text[:i] + "\u202f" + text[i:]
	}
	return text
}
