// Package route decides which deployment gets a request, how often it is retried, and
// which groups stand in for one that failed: LiteLLM's retries, fallbacks and
// affinity. A Policy is shared by all requests; a Walk is the path of one request through
// groups and deployments. Call Walk.Answer.
//
// It never sends a request itself (package upstream does), never writes to a client, and does
// not know the strategies by which one of several deployments is picked (package strategy).
//
// It has more than 700 lines because every step is a method of Walk: retries, fallbacks,
// waits and affinity use the same list of deployments that were tried.
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
	"github.com/flowgate-go/flowgate/internal/router/usage"
	"github.com/flowgate-go/flowgate/internal/usage/record"
)

// Sleep waits for d. When ctx ends before that, it returns the error of ctx.
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

// Policy is the rules and the memory of routing that all requests share.
type Policy struct {
	Settings *settings.Settings
	Groups   *Groups
	Cooldown *cooldown.Policy
	Strategy *strategy.Picker // of groups that have no strategy of their own
	Sessions *affinity.Store  // of sessions; nil when no group has affinity
	Prompts  *affinity.Store  // of prompts that a provider has in its cache; nil when Sessions is
	States   *affinity.Store  // of state; nil when all deployments have one account
	// Lookup asks other routers for owners that the stores do not have, and reports whether they may have
	// some of them now. nil: there are no other routers.
	Lookup func([]affinity.Wanted) bool
	Logger *slog.Logger
	Now    func() time.Time
	Rand   func() float64 // from 0 up to 1
	Sleep  Sleep
	After  func(time.Duration) <-chan time.Time // time.After, or a test's own

	strategies map[string]*strategy.Picker // of the groups that have their own
}

// The numbers of keys that are remembered. The least recently used one is forgotten first.
const (
	maxSessions = 20_000
	maxStates   = 32_000
)

const (
	stateTTL  = 24 * time.Hour  // how long the owner of state is remembered
	promptTTL = 5 * time.Minute // how long a prompt stays in Anthropic's cache
)

// Prepare sets Strategy, Sessions, Prompts and States as the settings require. The other
// fields must be set before. all are the deployments of the settings.
func (p *Policy) Prepare(all []*deployment.Deployment) {
	s := p.Settings
	p.prepareStrategies()
	if s.Affinity.Any() {
		p.Sessions = affinity.NewStore(maxSessions, s.Affinity.TTL, p.Now)
		p.Prompts = affinity.NewStore(maxSessions, promptTTL, p.Now)
	}
	isOther := func(d *deployment.Deployment) bool { return d.Owner.Account != all[0].Owner.Account }
	if slices.ContainsFunc(all, isOther) || s.HasPatterns() {
		p.States = affinity.NewStore(maxStates, stateTTL, p.Now)
	}
}

// prepareStrategies sets Strategy, and the strategies of routing groups.
func (p *Policy) prepareStrategies() {
	p.Strategy = &strategy.Picker{Balancing: p.Settings.Balancing, Rand: p.Rand}
	p.strategies = map[string]*strategy.Picker{}
	for _, g := range p.Settings.RoutingGroups {
		picker := &strategy.Picker{Balancing: g.Balancing, Rand: p.Rand}
		if !g.IsHidden {
			p.strategies[g.Name] = picker
		}
		if !g.HasPriorities() {
			for _, model := range g.Models {
				p.strategies[model] = picker
			}
		}
	}
}

// StrategyOf returns the strategy of a group: its own, or the general one.
func (p *Policy) StrategyOf(group string) *strategy.Picker {
	if own := p.strategies[group]; own != nil {
		return own
	}
	return p.Strategy
}

// Walk is the path of one request through groups and deployments. It is reused:
// Reset begins a new request.
type Walk struct {
	policy   *Policy
	request  *request.Request
	exchange *upstream.Exchange
	routing  *reply.Routing // what the headers of the reply tell the client

	trial      *cooldown.Trial          // the trial that the attempt in progress is; nil: it is not one
	visited    []string                 // the groups that were asked
	tried      []*deployment.Deployment // the deployments of the current order that failed
	candidates []*deployment.Deployment // memory for the result of available

	strategy *strategy.Picker // of the group that is asked

	answered      *Group          // the group that answered; nil when none has
	answeredTrial *cooldown.Trial // the trial that the answered attempt was; nil: it was not one

	wanted    []affinity.Wanted // memory for listWanted
	hasLooked bool              // Policy.Lookup was asked for the request

	belongs belonging              // of the request in the group that is asked
	asked   *deployment.Deployment // the deployment of the last attempt
	measure measure
	tokens  usage.Tokens      // that the reply to the attempt in progress tells; read where readsTokens says so
	row     *record.Request   // what is noted of the request; nil: nothing
	onEvent func(data []byte) // watchEvent, made once
}

// Reset begins a new request, whose attempts x makes. The walk sets the fields of routing.
func (w *Walk) Reset(p *Policy, q *request.Request, x *upstream.Exchange, routing *reply.Routing) {
	w.policy, w.request, w.exchange, w.routing = p, q, x, routing
	w.visited, w.tried, w.trial = w.visited[:0], w.tried[:0], nil
	w.answered, w.answeredTrial, w.asked, w.row = nil, nil, nil, nil
	w.tokens, w.hasLooked = usage.Tokens{}, false
	w.strategy = p.Strategy
}

// Clear ends a measurement that is still in progress.
func (w *Walk) Clear() { w.endMeasure(false) }

// Group returns the group of the model that the request asks for; nil when there is none. A
// request for moderation need not name a model: then Group sets it.
func (w *Walk) Group() *Group {
	if q := w.request; q.Dialect == dialect.Moderations && q.ModelLiteral == nil && w.policy.Groups.moderation != "" {
		q.AssumeModel(w.policy.Groups.moderation)
	}
	return w.policy.Groups.Find(w.request.Model)
}

// KeepAlive returns the interval of keep-alives for requests to a group.
func (w *Walk) KeepAlive(g *Group) time.Duration { return g.keepAlive(w.policy.Settings.KeepAlive) }
