package route

import (
	"net/http"

	"github.com/flowgate-go/flowgate/internal/router/deployment"
	"github.com/flowgate-go/flowgate/internal/router/failure"
	"github.com/flowgate-go/flowgate/internal/router/reply"
	"github.com/flowgate-go/flowgate/internal/usage/quota"
	"github.com/flowgate-go/flowgate/internal/usage/record"
)

// Record sets where the walk notes which deployments it asks and what they answer. row must
// have its Start.
func (w *Walk) Record(row *record.Request) { w.row = row }

// FinishRecord notes which group was asked, which one answered, and what the last reply told.
func (w *Walk) FinishRecord(g *Group) {
	row := w.row
	row.Tokens = w.tokens.Tokens
	if g == nil {
		return
	}
	row.Group = g.Name
	if w.answered != nil && w.answered != g {
		row.Fallback = w.answered.Name
	}
	if w.asked != nil {
		d := w.asked
		row.Deployment, row.Provider, row.Model, row.Host = d.ID, d.Provider, d.Upstream, host(d)
	}
}

// noteAttempt notes that a deployment is asked now.
func (w *Walk) noteAttempt() {
	if w.row != nil {
		w.row.Attempts++
		w.row.Asked = w.policy.Now().Sub(w.row.Start)
	}
}

// noteReply notes a good reply, which is whole, or has its first content.
func (w *Walk) noteReply(a *reply.Answer) {
	if w.row == nil {
		return
	}
	w.noteUpstreamTime()
	w.row.FirstByte = w.row.Asked + w.row.Upstream
	w.noteHeader(a.Header, a.Quota)
}

// noteStreamEnd notes that a stream, or a passed reply, has ended.
func (w *Walk) noteStreamEnd() {
	if w.row != nil {
		w.noteUpstreamTime()
	}
}

// noteUpstreamTime notes how long the attempt has taken.
func (w *Walk) noteUpstreamTime() { w.row.Upstream = w.policy.Now().Sub(w.row.Start) - w.row.Asked }

// noteFailure notes that d did not answer.
func (w *Walk) noteFailure(d *deployment.Deployment, f *failure.Failure) {
	if w.row == nil {
		return
	}
	w.noteUpstreamTime()
	w.noteHeader(f.Header, f.Quota)
	if !f.ClientGone {
		w.noteFailedAttempt(d, f)
	}
}

// noteFailedAttempt adds an attempt to those that failed.
func (w *Walk) noteFailedAttempt(d *deployment.Deployment, f *failure.Failure) {
	if w.row != nil {
		w.row.Failed = append(w.row.Failed, record.Attempt{Deployment: d.ID, Group: d.Group, Provider: d.Provider,
			Host: host(d), Model: d.Upstream, Status: f.Status, Class: f.Class})
	}
}

// noteHeader notes what the headers of an upstream's reply say about whose account it was, and the
// windows that they name.
func (w *Walk) noteHeader(h http.Header, windows []quota.Window) {
	w.row.Account = quota.Account(h)
	for _, name := range [...]string{"Anthropic-Organization-Id", "Openai-Organization"} {
		if values := h[name]; len(values) > 0 && w.row.Account == "" {
			w.row.Account = record.Clean(values[0], record.MaxSession)
		}
	}
	if windows != nil {
		w.row.Quota = windows
	}
}

// host returns the host of a deployment's address; empty for one without an address.
func host(d *deployment.Deployment) string {
	if d.Base == nil {
		return ""
	}
	return d.Base.Host
}
