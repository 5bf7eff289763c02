// Package metric counts requests and writes them in the text format of Prometheus, under the names and
// with the labels of LiteLLM 1.106.2 (types/integrations/prometheus.py), so that its dashboards work.
// Registry.Count counts a request; Registry.Write writes all families.
//
// It is written by hand because a client library costs every command of the program 0.5 ms and more at
// its start. The number of series is bounded: labels are configured groups and deployments, keys, routes,
// statuses and classes of failures; what a client chooses freely is "other". No label has a part of a
// prompt, a key, or a user agent.
//
// It never sends anything, and never reads a clock.
//
// It is larger than other packages because it has every family that LiteLLM has.
package metric

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/flowgate-go/flowgate/internal/router/settings"
	"github.com/flowgate-go/flowgate/internal/usage/record"
)

// Other is the value of a label in place of what a client chose freely.
const Other = "other"

// maxRows is the largest number of rows; requests that would need one more are counted in rows that
// name no model, route or class.
const maxRows = 4096

// Registry has the counts of a router since its start. It is safe for concurrent use. A nil Registry
// counts nothing.
type Registry struct {
	inFlight atomic.Int64

	names map[string]bool        // of groups, aliases and models that the settings have
	byID  map[string]*deployment // the settings' deployments
	order []*deployment          // in the order of model_list

	mu        sync.Mutex
	rows      table[rowKey, row]
	attempts  table[attemptKey, uint64] // that failed, or gave the reply
	fallbacks map[fallbackKey]uint64
	cooldowns map[cooldownKey]uint64
	remaining map[remainingKey]remaining
}

// deployment is what metrics tell of a deployment.
type deployment struct {
	id, group, upstream, provider, base string
	rpm, tpm                            *float64

	isFailing bool // the last attempt failed
}

// rowKey is what requests in one row have in common.
type rowKey struct {
	client, requested, deployment, route, class string
	status                                      int
}

// row counts requests.
type row struct {
	requests, failures, unpriced                 uint64
	spend                                        float64
	input, output, cached, cacheWrite, reasoning uint64

	total, api, firstToken, queue, overhead, perToken histogram
}

// attemptKey is what attempts that are counted together have in common; class is empty for good ones.
type attemptKey struct {
	client, requested, deployment, class string
	status                               int
}

// fallbackKey is the same for fallbacks.
type fallbackKey struct {
	client, requested, fallback, deployment, class string
	status                                         int
	isFailed                                       bool
}

// cooldownKey is the same for cooldowns.
type cooldownKey struct {
	deployment string
	status     int
}

// remainingKey is whose reply told what remains.
type remainingKey struct{ client, deployment string }

// remaining is what a provider said that remains; nil when it did not say.
type remaining struct{ requests, tokens *int64 }

// New returns a Registry for the groups and deployments of settings.
func New(s *settings.Settings) *Registry {
	r := &Registry{names: map[string]bool{}, byID: map[string]*deployment{},
		fallbacks: map[fallbackKey]uint64{}, cooldowns: map[cooldownKey]uint64{}, remaining: map[remainingKey]remaining{}}
	for _, name := range s.ListedNames() {
		r.names[name] = true
	}
	for _, a := range s.Aliases {
		r.names[a.Name] = true
	}
	for _, a := range s.PickerAliases {
		r.names[a.Name] = true
	}
	for _, d := range s.Deployments {
		r.names[d.Group], r.names[d.Model] = true, true
		known := &deployment{id: d.ID, group: d.Group, upstream: d.Upstream, provider: d.Provider,
			rpm: d.MaxRPM, tpm: d.MaxTPM}
		if d.Base != nil {
			known.base = d.Base.Scheme + "://" + d.Base.Host
		}
		if r.byID[d.ID] == nil {
			r.order = append(r.order, known)
		}
		r.byID[d.ID] = known
	}
	return r
}

// Begin counts a request that is in flight from now on.
func (r *Registry) Begin() {
	if r != nil {
		r.inFlight.Add(1)
	}
}

// End counts the end of a request that Begin counted.
func (r *Registry) End() {
	if r != nil {
		r.inFlight.Add(-1)
	}
}

// CountCooldown counts the beginning of a cooldown.
func (r *Registry) CountCooldown(deployment string, status int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.byID[deployment] != nil {
		r.cooldowns[cooldownKey{deployment, status}]++
	}
}

// Count counts a request that has ended.
func (r *Registry) Count(q *record.Request) {
	if r == nil {
		return
	}
	d := r.byID[q.Deployment]
	k := rowKey{client: q.Client, requested: r.boundName(q, d), route: q.Route, class: boundWord(q.Class),
		status: q.Status}
	if d != nil {
		k.deployment = q.Deployment
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.keepRemaining(q, k.deployment)
	r.rowOf(&k).add(q)
	r.countAttempts(q, k.requested)
	r.countFallbacks(q, k.requested)
}

// rowOf returns the row of k; when there are too many, one that names less. The caller holds mu.
func (r *Registry) rowOf(k *rowKey) *row {
	if found := r.rows.find(*k); found != nil {
		return found
	}
	if len(r.rows.entries) >= maxRows {
		*k = rowKey{client: Other, requested: Other, status: k.status}
		if found := r.rows.find(*k); found != nil {
			return found
		}
	}
	return r.rows.add(*k)
}

// Model returns the model that a client asked for, as label requested_model has it.
func (r *Registry) Model(q *record.Request) string { return r.boundName(q, r.byID[q.Deployment]) }

// boundName returns the model that the client asked for: its name when the settings have it, the pattern
// that matched it, or Other. d is the deployment that was asked, if the settings have it.
func (r *Registry) boundName(q *record.Request, d *deployment) string {
	switch {
	case r.names[q.Requested]:
		return q.Requested
	case d != nil:
		return d.group
	case r.names[q.Group]:
		return q.Group
	}
	return Other
}

// boundGroup returns the name of a group when the settings have it, else Other.
func (r *Registry) boundGroup(name string) string {
	if r.names[name] {
		return name
	}
	return Other
}

// boundDeployment returns the id of a deployment of the settings; empty when there is none.
func (r *Registry) boundDeployment(id string) string {
	if r.byID[id] == nil {
		return ""
	}
	return id
}

// boundWord returns a class of failures as it is, or Other when it is not a short word: an upstream may
// have made it.
func boundWord(class string) string {
	if len(class) > 40 {
		return Other
	}
	for i := range len(class) {
		if c := class[i]; c != '_' && (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') {
			return Other
		}
	}
	return class
}

// add counts a request in the row.
func (w *row) add(q *record.Request) {
	w.requests++
	t := &q.Tokens
	w.input += natural(t.Input)
	w.output += natural(t.Output)
	w.cached += natural(t.Cached)
	w.cacheWrite += natural(t.CacheWrite)
	w.reasoning += natural(t.Reasoning)
	if q.CostKnown && q.Cost > 0 {
		w.spend += q.Cost
	}
	if q.IsFailure() {
		w.failures++
		return
	}
	if !q.CostKnown && t.Known {
		w.unpriced++
	}
	w.total.observe(q.Duration)
	if q.Attempts == 0 {
		return
	}
	w.api.observe(q.Upstream)
	if q.Streamed && q.FirstByte > 0 {
		w.firstToken.observe(q.FirstByte - q.Asked)
	}
	if q.Attempts == 1 { // else the waits and attempts before the last one are not told apart
		w.queue.observe(q.Asked)
		w.overhead.observe(q.Duration - q.Upstream)
	}
	if t.Output > 0 {
		w.perToken.observe(q.Upstream / time.Duration(t.Output))
	}
}

// natural returns a number of tokens as an upstream told it, 0 for a negative one.
func natural(n int) uint64 { return uint64(max(0, n)) }

// countAttempts counts the attempts of a request by deployment. The caller holds mu.
func (r *Registry) countAttempts(q *record.Request, requested string) {
	count := func(id, class string, status int) {
		d := r.byID[id]
		if d == nil {
			return
		}
		k := attemptKey{q.Client, requested, id, class, status}
		n := r.attempts.find(k)
		if n == nil && len(r.attempts.entries) < maxRows {
			n = r.attempts.add(k)
		}
		if n != nil {
			*n++
			d.isFailing = status != 0
		}
	}
	for _, a := range q.Failed {
		count(a.Deployment, boundWord(a.Class), a.Status)
	}
	if q.Attempts > len(q.Failed) && q.Class != record.ClassClientGone {
		count(q.Deployment, "", 0)
	}
}

// countFallbacks counts the groups that were asked after the first one. The caller holds mu.
func (r *Registry) countFallbacks(q *record.Request, requested string) {
	if len(q.Failed) == 0 {
		return
	}
	first := q.Failed[0]
	count := func(group string, isFailed bool) {
		k := fallbackKey{q.Client, requested, r.boundGroup(group), r.boundDeployment(q.Deployment), boundWord(first.Class),
			first.Status, isFailed}
		if r.fallbacks[k] > 0 || len(r.fallbacks) < maxRows {
			r.fallbacks[k]++
		}
	}
	if q.Fallback != "" && !q.IsFailure() {
		count(q.Fallback, false)
	}
	last := first.Group
	for _, a := range q.Failed {
		if a.Group != last && a.Group != first.Group {
			count(a.Group, true)
		}
		last = a.Group
	}
}

// keepRemaining keeps what the provider said that remains of requests and tokens. The caller holds mu.
func (r *Registry) keepRemaining(q *record.Request, id string) {
	if len(q.Quota) == 0 {
		return
	}
	k := remainingKey{q.Client, id}
	told, isKnown := r.remaining[k]
	if id == "" || !isKnown && len(r.remaining) >= maxRows {
		return
	}
	for _, w := range q.Quota {
		switch {
		case w.Remaining == nil:
		case w.Name == "requests":
			told.requests = w.Remaining
		case w.Name == "tokens":
			told.tokens = w.Remaining
		}
	}
	if told != (remaining{}) {
		r.remaining[k] = told
	}
}
