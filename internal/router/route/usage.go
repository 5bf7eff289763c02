package route

import (
	"time"

	"github.com/flowgate-go/flowgate/internal/router/deployment"
	"github.com/flowgate-go/flowgate/internal/router/estimate"
	"github.com/flowgate-go/flowgate/internal/router/failure"
	"github.com/flowgate-go/flowgate/internal/router/reply"
	"github.com/flowgate-go/flowgate/internal/router/usage"
)

// timeoutLatency is the latency, in seconds, of an attempt that timed out, as in LiteLLM's
// latency-based-routing.
const timeoutLatency = 1000

// measure holds the measurements of the attempt in progress, where the routing strategy
// needs them.
type measure struct {
	usage      *usage.State // of the deployment; nil when nothing is measured now
	begun      time.Time
	firstToken float64 // seconds until the first content; negative without a stream
}

// countsUsage reports whether attempts of the request are counted and measured. A request that
// only counts tokens is not: it costs an upstream almost nothing.
func (w *Walk) countsUsage() bool { return w.strategy.CountsUsage() && !w.isCounting() }

// beginMeasure counts an attempt at d, and begins to measure it.
func (w *Walk) beginMeasure(d *deployment.Deployment) {
	if !w.countsUsage() {
		return
	}
	now := w.policy.Now()
	d.Usage.Begin(now)
	w.measure = measure{usage: &d.Usage, begun: now, firstToken: -1}
}

// readsTokens reports whether the tokens of replies are read: for the strategy, or for what is
// noted of the request.
func (w *Walk) readsTokens() bool {
	return w.row != nil || w.measure.usage != nil && w.strategy.CountsTokens()
}

// readTokens reads the tokens that a whole reply tells. Those of a stream are read as its
// events pass.
func (w *Walk) readTokens(a *reply.Answer) {
	switch {
	case a.IsOpen() || !w.readsTokens():
	case a.Usage != nil:
		w.tokens.ReadUsage(a.Usage)
	default:
		w.tokens.Read(a.Body)
	}
	w.tokens.Estimated = a.UsageEstimated
}

// readStreamTokens reads the tokens that a translated stream told: the client's dialect may
// leave them out.
func (w *Walk) readStreamTokens() {
	if told, ok := w.exchange.StreamTokens(); ok && told.Known && w.readsTokens() {
		w.tokens.Tokens = told
	}
}

// estimateStreamTokens sets the tokens of a stream that told none, or that ended before it did, for a
// request whose tokens a limit counts: a client must not get around a limit by not asking for the usage, or
// by leaving before it comes. An event has at least one token.
func (w *Walk) estimateStreamTokens(a *reply.Answer, isComplete bool) {
	t := &w.tokens
	if !w.request.NeedsWeight || a.Events == nil || t.Known && isComplete {
		return
	}
	t.Known, t.Estimated = true, true
	t.Input, t.Output = max(t.Input, w.promptTokens()), max(t.Output, a.Events.Events)
}

// measureAnswer measures an answer: the tokens and the latency of a whole reply, or the time
// until a stream began.
func (w *Walk) measureAnswer(a *reply.Answer) {
	m := &w.measure
	if m.usage == nil {
		return
	}
	if a.IsOpen() {
		m.firstToken = w.policy.Now().Sub(m.begun).Seconds()
		return
	}
	w.endMeasure(true)
}

// measureStream measures a stream at its end. If it did not tell its tokens, the number of its
// events is used for them.
func (w *Walk) measureStream(a *reply.Answer, isComplete bool) {
	if m := &w.measure; m.usage != nil {
		if !w.tokens.IsKnown() && a.Events != nil {
			w.tokens.Input, w.tokens.Output = w.promptTokens(), a.Events.Events
		}
		w.endMeasure(isComplete)
	}
}

// measureFailure ends the measurement of an attempt that failed.
func (w *Walk) measureFailure(f *failure.Failure) {
	m, p := &w.measure, w.strategy
	if m.usage != nil && f.Class == "Timeout" && p.CountsTokens() {
		m.usage.AddLatency(w.policy.Now(), usage.Latency{Seconds: timeoutLatency, FirstToken: -1}, p.MaxSamples)
	}
	w.endMeasure(false)
}

// endMeasure ends the measurement of the attempt: it counts the tokens, and adds the latency
// when the reply was complete.
func (w *Walk) endMeasure(isComplete bool) {
	m := &w.measure
	if m.usage == nil {
		return
	}
	m.usage.End()
	if p := w.strategy; p.CountsTokens() {
		now := w.policy.Now()
		m.usage.AddTokens(now, w.tokens.Total())
		if isComplete {
			seconds := now.Sub(m.begun).Seconds() / float64(max(1, w.tokens.Output))
			m.usage.AddLatency(now, usage.Latency{Seconds: seconds, FirstToken: m.firstToken}, p.MaxSamples)
		}
	}
	m.usage = nil
}

// promptTokens returns an estimate of the prompt's length; 0 when it was not measured.
func (w *Walk) promptTokens() int {
	if w.request.PromptWeight() == 0 {
		return 0
	}
	return estimate.Tokens(w.request.PromptWeight())
}
