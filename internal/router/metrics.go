package router

import (
	"net/http"

	"github.com/samber/lo"

	"github.com/flowgate-go/flowgate/internal/router/keylimit"
	"github.com/flowgate-go/flowgate/internal/router/metric"
)

// MetricsPath is the route of the metrics in Prometheus' text format.
const MetricsPath = "/metrics"

// serveMetrics answers GET /metrics.
func (r *Router) serveMetrics(w http.ResponseWriter, _ *http.Request) {
	if r.metrics == nil {
		writeDetail(w, http.StatusNotFound, "Not Found: this router counts no metrics")
		return
	}
	now := r.policy.Now()
	s := metric.Snapshot{Cooling: map[string]bool{}}
	if sharing := r.sharing(); sharing != nil {
		s.Sharing = &metric.Sharing{Connected: sharing.Connected, Problem: string(sharing.Problem),
			Routers: sharing.Routers, Problems: sharing.Problems}
	}
	for _, c := range r.State().Cooling {
		s.Cooling[c.Deployment] = true
	}
	s.Keys = lo.Map(r.keys.List(), func(u keylimit.Usage, _ int) metric.Key {
		k := metric.Key{Alias: u.Alias, Token: u.Token, Limits: u.Limits, Requests: u.Requests, Tokens: u.Tokens,
			Spend: u.Spend}
		if !u.Spend.ResetAt.IsZero() {
			k.ResetsInHours = u.Spend.ResetAt.Sub(now).Hours()
		}
		return k
	})
	w.Header().Set("Content-Type", metric.ContentType)
	_ = r.metrics.Write(w, s) // an error means that the client left
}
