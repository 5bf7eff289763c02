package route

import (
	"time"

	"github.com/flowgate-go/flowgate/internal/router/deployment"
	"github.com/flowgate-go/flowgate/internal/router/estimate"
	"github.com/flowgate-go/flowgate/internal/router/failure"
	"github.com/flowgate-go/flowgate/internal/router/reply"
	"github.com/flowgate-go/flowgate/internal/router/usage"
)

// timeoutLatency is what an attempt that timed out counts as, in seconds, in LiteLLM's
// latency-based-routing.
const timeoutLatency = 1000

// measure is what is counted of the attempt in progress, where the routing strategy
// needs it.
type measure struct {
	of         *usage.State // the deployment's; nil when nothing is counted, or not any more
	begun      time.Time
	firstToken float64 // seconds until the first content; negative without a stream
	tokens     usage.Tokens
}

// countsUsage reports whether attempts of the request are counted. Counting tokens costs
// an upstream next to nothing.
func (w *Walk) countsUsage() bool { return w.policy.Strategy.CountsUsage() && !w.isCounting() }

// beginMeasure counts an attempt at d.
func (w *Walk) beginMeasure(d *deployment.Deployment) {
	if !w.countsUsage() {
		return
	}
	now := w.policy.Now()
	d.Usage.Begin(now)
	w.measure = measure{of: &d.Usage, begun: now, firstToken: -1}
}

// measureAnswer notes an answer: all of a whole one, of a stream the time until it began.
func (w *Walk) measureAnswer(a *reply.Answer) {
	m := &w.measure
	if m.of == nil {
		return
	}
	if a.IsOpen() {
		m.firstToken = w.policy.Now().Sub(m.begun).Seconds()
		return
	}
	if w.policy.Strategy.CountsTokens() {
		m.tokens.Read(a.Body)
	}
	w.endMeasure(true)
}

// measureStream notes the end of a stream. Its events stand for its tokens where they
// are not told.
func (w *Walk) measureStream(a *reply.Answer, isComplete bool) {
	if m := &w.measure; m.of != nil {
		if !m.tokens.IsKnown() && a.Events != nil {
			m.tokens = usage.Tokens{Input: w.promptTokens(), Output: a.Events.Events}
		}
		w.endMeasure(isComplete)
	}
}

// measureFailure notes that the attempt failed.
func (w *Walk) measureFailure(f *failure.Failure) {
	m := &w.measure
	if m.of != nil && f.Class == "Timeout" && w.policy.Strategy.CountsTokens() {
		m.of.AddLatency(w.policy.Now(), usage.Latency{Seconds: timeoutLatency, FirstToken: -1}, w.policy.Strategy.MaxSamples)
	}
	w.endMeasure(false)
}

// endMeasure ends what is counted of the attempt: its latency too when it was answered
// to the end.
func (w *Walk) endMeasure(isComplete bool) {
	m := &w.measure
	if m.of == nil {
		return
	}
	m.of.End()
	if p := w.policy.Strategy; p.CountsTokens() {
		now := w.policy.Now()
		m.of.AddTokens(now, m.tokens.Total())
		if isComplete {
			seconds := now.Sub(m.begun).Seconds() / float64(max(1, m.tokens.Output))
			m.of.AddLatency(now, usage.Latency{Seconds: seconds, FirstToken: m.firstToken}, p.MaxSamples)
		}
	}
	m.of = nil
}

// promptTokens returns an estimate of the prompt's length; 0 when it was not measured.
func (w *Walk) promptTokens() int {
	if w.request.PromptWeight == 0 {
		return 0
	}
	return estimate.Tokens(w.request.PromptWeight)
}
