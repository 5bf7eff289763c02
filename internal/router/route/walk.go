// Package route decides which deployment gets a request, how often it is retried, and
// which groups stand in for one that failed: LiteLLM's retries, fallbacks and
// affinity. A Policy is shared by all requests; a Walk is the path of one request through
// groups and deployments. Call Walk.Answer.
//
// It never sends a request itself (upstream does), never writes to a client, and does not
// know the strategies by which one of several deployments is picked (strategy does).
//
// It has more than 700 lines because every step is a method of Walk: retries, fallbacks,
// waits and affinity decide by the same list of deployments tried.
package route

import (
	"context"
	"log/slog"
	"slices"
	"time"

	"github.com/flowgate-go/flowgate/internal/router/affinity"
	"github.com/flowgate-go/flowgate/internal/router/cooldown"
	"github.com/flowgate-go/flowgate/internal/router/deployment"
	"github.com/flowgate-go/flowgate/internal/router/dialect"
	"github.com/flowgate-go/flowgate/internal/router/reply"
	"github.com/flowgate-go/flowgate/internal/router/request"
	"github.com/flowgate-go/flowgate/internal/router/settings"
	"github.com/flowgate-go/flowgate/internal/router/strategy"
	"github.com/flowgate-go/flowgate/internal/router/upstream"
)

// Sleep waits for d or until ctx ends, whose error it returns then.
type Sleep func(ctx context.Context, d time.Duration) error

// SleepOnTimer is a Sleep that waits on a timer.
func SleepOnTimer(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// Policy is what all requests share when they are routed.
type Policy struct {
	Settings *settings.Settings
	Groups   *Groups
	Cooldown *cooldown.Policy
	Strategy *strategy.Picker
	Sessions *affinity.Store // nil when requests of no group stay at a deployment
	Prompts  *affinity.Store // of prompts that a provider has in its cache; nil like Sessions
	States   *affinity.Store // nil when all deployments have one account
	Logger   *slog.Logger
	Now      func() time.Time
	Rand     func() float64 // from 0 up to 1
	Sleep    Sleep
	After    func(time.Duration) <-chan time.Time // time.After
}

// Sizes of the memory of affinity: what was used last stays.
const (
	maxSessions = 20_000
	maxStates   = 32_000
)

const (
	stateTTL  = 24 * time.Hour  // state is remembered for so long without being used
	promptTTL = 5 * time.Minute // a prompt is in Anthropic's cache for so long
)

// Prepare makes what the settings need besides Cooldown: the strategy, and the memory of
// sessions and of state. The other fields must be set.
func (p *Policy) Prepare(all []*deployment.Deployment) {
	s := p.Settings
	p.Strategy = &strategy.Picker{Balancing: s.Balancing, Rand: p.Rand}
	if s.Affinity.Any() {
		p.Sessions = affinity.NewStore(maxSessions, s.Affinity.TTL, p.Now)
		p.Prompts = affinity.NewStore(maxSessions, promptTTL, p.Now)
	}
	isOther := func(d *deployment.Deployment) bool { return d.Owner.Account != all[0].Owner.Account }
	if slices.ContainsFunc(all, isOther) || s.HasPatterns() {
		p.States = affinity.NewStore(maxStates, stateTTL, p.Now)
	}
}

// Walk is the path of one request through groups and deployments. It is reused:
// Reset begins a new request.
type Walk struct {
	policy   *Policy
	request  *request.Request
	exchange *upstream.Exchange
	routing  *reply.Routing // what the client is told

	trial      *cooldown.Trial          // the attempt in progress is one
	visited    []string                 // groups asked
	tried      []*deployment.Deployment // deployments that failed in this group
	candidates []*deployment.Deployment // scratch

	answered      *Group          // the group that answered; nil when its reply does not count
	answeredTrial *cooldown.Trial // the reply is that of a trial

	belongs belonging              // in the group that is asked
	asked   *deployment.Deployment // in the attempt in progress, or the one that answered
	measure measure
	onEvent func(data []byte) // watchEvent, made once
}

// Reset begins a new request, whose attempts x makes. routing gets what the client is told.
func (w *Walk) Reset(p *Policy, q *request.Request, x *upstream.Exchange, routing *reply.Routing) {
	w.policy, w.request, w.exchange, w.routing = p, q, x, routing
	w.visited, w.tried, w.trial = w.visited[:0], w.tried[:0], nil
	w.answered, w.answeredTrial = nil, nil
}

// Clear ends what is still counted of the request.
func (w *Walk) Clear() { w.endMeasure(false) }

// Group returns the group of the model that the request asks for; nil when there is
// none. Clients need not name the model of a moderation.
func (w *Walk) Group() *Group {
	if q := w.request; q.Dialect == dialect.Moderations && q.ModelLiteral == nil && w.policy.Groups.moderation != "" {
		q.AssumeModel(w.policy.Groups.moderation)
	}
	return w.policy.Groups.Find(w.request.Model)
}

// KeepAlive returns the interval of keep-alives while a group is asked.
func (w *Walk) KeepAlive(g *Group) time.Duration { return g.keepAlive(w.policy.Settings.KeepAlive) }
