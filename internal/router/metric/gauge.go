package metric

import "math"

// writeEvents writes the families of attempts, fallbacks and cooldowns.
func (w *writer) writeEvents() {
	r := w.registry
	r.mu.Lock()
	defer r.mu.Unlock()
	all, good, bad := map[string]float64{}, map[string]float64{}, map[string]float64{}
	for k, n := range r.attempts.entries {
		f := &facts{client: k.client, token: w.tokens[k.client], requested: k.requested, class: k.class, status: k.status,
			d: r.byID[k.deployment]}
		all[f.join(attemptLabels)] += float64(*n)
		if k.status == 0 {
			good[f.join(attemptLabels)] += float64(*n)
		} else {
			bad[f.join(attemptLabels+" exception_status exception_class")] += float64(*n)
		}
	}
	w.writeFamily("litellm_deployment_total_requests_total", "counter", "Attempts at a deployment", all)
	w.writeFamily("litellm_deployment_success_responses_total", "counter", "Attempts that were answered well", good)
	w.writeFamily("litellm_deployment_failure_responses_total", "counter", "Attempts that failed", bad)
	done, failed := map[string]float64{}, map[string]float64{}
	for k, n := range r.fallbacks {
		f := &facts{client: k.client, token: w.tokens[k.client], requested: k.requested, fallback: k.fallback, class: k.class,
			status: k.status, d: r.byID[k.deployment]}
		if k.isFailed {
			failed[f.join(fallbackLabels)] += float64(n)
		} else {
			done[f.join(fallbackLabels)] += float64(n)
		}
	}
	w.writeFamily("litellm_deployment_successful_fallbacks_total", "counter", "Fallbacks that gave the reply", done)
	w.writeFamily("litellm_deployment_failed_fallbacks_total", "counter", "Fallbacks that failed, too", failed)
	cooled := map[string]float64{}
	for k, n := range r.cooldowns {
		cooled[(&facts{status: k.status, d: r.byID[k.deployment]}).join(deploymentLabels+" exception_status")] += float64(n)
	}
	w.writeFamily("litellm_deployment_cooled_down_total", "counter", "Cooldowns that began", cooled)
}

// The states of LiteLLM's litellm_deployment_state.
const (
	healthy = iota
	partialOutage
	completeOutage
)

// writeGauges writes the families that say how things are now.
func (w *writer) writeGauges(s Snapshot) {
	r := w.registry
	w.writeFamily("litellm_in_flight_requests", "gauge", "Requests in flight",
		map[string]float64{"": float64(r.inFlight.Load())})
	w.writeDeployments(s)
	w.writeRemaining()
	w.writeKeys(s.Keys)
	w.writeSharing(s.Sharing)
}

// Sharing is what metrics tell of the connection with other routers.
type Sharing struct {
	Connected bool   // everything is shared
	Problem   string // why not; empty when Connected
	Routers   int    // others that share
	Problems  int64  // that began
}

// writeSharing writes how state is shared with other routers. LiteLLM has no such families.
func (w *writer) writeSharing(s *Sharing) {
	if s == nil {
		return
	}
	connected, problem := 0.0, map[string]float64{}
	if s.Connected {
		connected = 1
	} else {
		problem[`problem="`+s.Problem+`"`] = 1
	}
	one := func(v float64) map[string]float64 { return map[string]float64{"": v} }
	w.writeFamily("flowgate_redis_connected", "gauge",
		"1: state is shared with other routers through Redis", one(connected))
	w.writeFamily("flowgate_redis_problem", "gauge", "Why it is not", problem)
	w.writeFamily("flowgate_redis_problems_total", "counter", "Problems with Redis that began", one(float64(s.Problems)))
	w.writeFamily("flowgate_routers", "gauge", "Routers that share, with this one", one(float64(s.Routers+1)))
}

// writeDeployments writes the states and the limits of the deployments.
func (w *writer) writeDeployments(s Snapshot) {
	r := w.registry
	states, rpm, tpm := map[string]float64{}, map[string]float64{}, map[string]float64{}
	r.mu.Lock()
	for _, d := range r.order {
		f := &facts{d: d}
		state := healthy
		switch {
		case s.Cooling[d.id]:
			state = completeOutage
		case d.isFailing:
			state = partialOutage
		}
		states[f.join(deploymentLabels)] = float64(state)
		if d.rpm != nil {
			rpm[f.join(limitLabels)] = *d.rpm
		}
		if d.tpm != nil {
			tpm[f.join(limitLabels)] = *d.tpm
		}
	}
	r.mu.Unlock()
	w.writeFamily("litellm_deployment_state", "gauge", "0: healthy, 1: the last attempt failed, 2: it cools down", states)
	w.writeFamily("litellm_deployment_rpm_limit", "gauge", "The limit of requests in litellm_params", rpm)
	w.writeFamily("litellm_deployment_tpm_limit", "gauge", "The limit of tokens in litellm_params", tpm)
}

// writeRemaining writes what providers said that remains.
func (w *writer) writeRemaining() {
	r := w.registry
	requests, tokens := map[string]float64{}, map[string]float64{}
	r.mu.Lock()
	for k, told := range r.remaining {
		labels := (&facts{client: k.client, token: w.tokens[k.client], d: r.byID[k.deployment]}).join(overheadLabels)
		if told.requests != nil {
			requests[labels] = float64(*told.requests)
		}
		if told.tokens != nil {
			tokens[labels] = float64(*told.tokens)
		}
	}
	r.mu.Unlock()
	const older = ", under the name in LiteLLM's second dashboard"
	help := "What the headers of the last reply said: remaining "
	w.writeFamily("litellm_remaining_requests_metric", "gauge", help+"requests", requests)
	w.writeFamily("litellm_remaining_requests", "gauge", help+"requests"+older, requests)
	w.writeFamily("litellm_remaining_tokens_metric", "gauge", help+"tokens", tokens)
	w.writeFamily("litellm_remaining_tokens", "gauge", help+"tokens"+older, tokens)
}

// gauges are the values of a family by labels.
type gauges map[string]float64

// keyGauges are the families about named keys.
type keyGauges struct{ budget, left, hours, allowed, used, requests, tokens gauges }

// writeKeys writes the limits of named keys, and what is left of them.
func (w *writer) writeKeys(keys []Key) {
	g := keyGauges{gauges{}, gauges{}, gauges{}, gauges{}, gauges{}, gauges{}, gauges{}}
	for i := range keys {
		k := &keys[i]
		g.addBudget(k)
		g.addLimit(k, "requests", k.RPM, k.Requests, g.requests, w.registry.order)
		g.addLimit(k, "tokens", k.TPM, k.Tokens, g.tokens, w.registry.order)
	}
	for _, f := range []struct {
		name, help string
		values     gauges
	}{
		{"litellm_api_key_max_budget_metric", "Dollars that a key may spend in a period", g.budget},
		{"litellm_remaining_api_key_budget_metric", "Dollars that are left of it", g.left},
		{"litellm_api_key_budget_remaining_hours_metric", "Hours until it is renewed", g.hours},
		{"litellm_api_key_rate_limit_allowed_metric", "Requests or tokens a minute of a key", g.allowed},
		{"litellm_api_key_rate_limit_used_metric", "The same, used in this minute", g.used},
		{"litellm_remaining_api_key_requests_for_model", "Requests that a key has left in this minute", g.requests},
		{"litellm_remaining_api_key_tokens_for_model", "Tokens that a key has left in this minute", g.tokens},
	} {
		w.writeFamily(f.name, "gauge", f.help, f.values)
	}
}

// addBudget adds the budget of a key, if it has one.
func (g *keyGauges) addBudget(k *Key) {
	if k.MaxBudget == nil {
		return
	}
	labels := (&facts{client: k.Alias, token: k.Token}).join(keyLabels)
	g.budget[labels] = *k.MaxBudget
	g.left[labels] = math.Max(0, *k.MaxBudget-k.Spend.Spend)
	if k.ResetsInHours > 0 {
		g.hours[labels] = k.ResetsInHours
	}
}

// addLimit adds a limit of a key, if it has it; left gets what is left of it, for each model that the
// key may ask for.
func (g *keyGauges) addLimit(k *Key, kind string, limit *int64, used int64, left gauges, all []*deployment) {
	if limit == nil {
		return
	}
	labels := (&facts{client: k.Alias, token: k.Token, kind: kind}).join(keyLimitLabels)
	g.allowed[labels], g.used[labels] = float64(*limit), float64(used)
	for _, d := range all {
		if k.AllowsModel(d.group) {
			group := &deployment{id: d.id, upstream: d.group} // LiteLLM has the group in the label model of this family
			labels := (&facts{client: k.Alias, token: k.Token, d: group}).join(keyModelLabels)
			left[labels] = math.Max(0, float64(*limit-used))
		}
	}
}
