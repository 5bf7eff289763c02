package route

import (
	"log/slog"
	"unicode/utf8"

	"github.com/flowgate-go/flowgate/internal/router/deployment"
	"github.com/flowgate-go/flowgate/internal/router/failure"
	"github.com/flowgate-go/flowgate/internal/router/reply"
	"github.com/flowgate-go/flowgate/internal/router/transport"
)

// countAnswer counts a good reply. A stream or a passed reply is counted by CountStream when
// it has ended, but its beginning is enough for a trial to succeed. The reply to a request
// that only counts tokens is not counted.
func (w *Walk) countAnswer(g *Group, a *reply.Answer) {
	trial := w.trial
	w.trial, w.answered, w.answeredTrial = nil, g, trial
	switch {
	case w.isCounting():
	case !a.IsOpen():
		w.policy.Cooldown.CountSuccess(&a.Deployment.Cooldown, trial)
	case trial != nil:
		w.policy.Cooldown.PassTrial(&a.Deployment.Cooldown, trial)
	}
}

// countFailure counts and logs an attempt that failed.
func (w *Walk) countFailure(g *Group, d *deployment.Deployment, f *failure.Failure) {
	trial := w.trial
	w.trial = nil
	if f.ClientGone {
		w.policy.Cooldown.CancelTrial(&d.Cooldown, trial)
		return
	}
	w.logFailure("attempt failed", d, f)
	w.policy.Cooldown.CountFailure(&d.Cooldown, f.Cooldown(), g.hasOneDeployment(), trial)
}

// CountStream counts a stream or a passed reply at its end. It does not count one whose
// client disconnected or was too slow.
func (w *Walk) CountStream(a *reply.Answer, end reply.End) {
	w.readStreamTokens()
	w.estimateStreamTokens(a, end.How == reply.Complete)
	w.noteStreamEnd()
	w.measureStream(a, end.How == reply.Complete)
	switch {
	case w.answered == nil || w.isCounting():
	case end.How == reply.Complete:
		w.policy.Cooldown.CountSuccess(&a.Deployment.Cooldown, nil)
	case end.Failure != nil && !end.Failure.ClientGone:
		w.noteMissingRoute(a.Deployment, end.Failure)
		w.logFailure("stream failed", a.Deployment, end.Failure)
		w.noteFailedAttempt(a.Deployment, end.Failure)
		w.policy.Cooldown.CountFailure(&a.Deployment.Cooldown, end.Failure.Cooldown(), w.answered.hasOneDeployment(),
			w.answeredTrial)
	}
}

// noteMissingRoute remembers, and logs once, that the upstream lacks a route, if f says so.
func (w *Walk) noteMissingRoute(d *deployment.Deployment, f *failure.Failure) {
	if f.RouteMissing && d.NoteMissingRoute(f.MissingRoute) {
		w.policy.Logger.Warn("the upstream lacks a route; it is not asked for it again", "deployment", d.ID, "group", d.Group,
			"route", f.MissingRoute.String(), "status", f.UpstreamStatus)
	}
}

// maxLoggedAgent is the longest User-Agent that is logged, in bytes.
const maxLoggedAgent = 100

// logFailure logs why d did not answer, the route and the client, and the error itself
// without credentials.
func (w *Walk) logFailure(message string, d *deployment.Deployment, f *failure.Failure) {
	req := w.request.HTTP
	agent := req.UserAgent()
	if len(agent) > maxLoggedAgent {
		agent = agent[:maxLoggedAgent]
	}
	if !utf8.ValidString(agent) {
		agent = "?"
	}
	attrs := []any{"deployment", d.ID, "group", d.Group, "status", f.Status, "class", f.Class,
		"route", w.request.Dialect.String(), "client", agent, "remote", req.RemoteAddr, "call_id", w.request.ID}
	if f.Cause != "" {
		attrs = append(attrs, "cause", string(f.Cause))
	}
	if f.Err != nil {
		attrs = append(attrs, "error", transport.WithoutCredentials(d.Redact(f.Err.Error())))
	}
	w.policy.Logger.Log(req.Context(), slog.LevelWarn, message, attrs...)
}
