package observe

import (
	"context"
	"encoding/json"
	"net/http"
	"os"
	"time"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/loopback"
	"github.com/flowgate-go/flowgate/internal/policy"
	"github.com/flowgate-go/flowgate/internal/router/state"
	"github.com/flowgate-go/flowgate/internal/tcp"
	"github.com/flowgate-go/flowgate/supervisor/control"
)

// Limits of a request for the state of the deployments.
const (
	deploymentsTimeout = time.Second
	deploymentsReply   = 4 << 20 // bytes
)

// AddDeployments returns the status with the state of the deployments of an
// embedded router that is ready. It stays absent when the router does not answer.
func AddDeployments(ctx context.Context, cfg *config.Config, s control.Status) control.Status {
	for i, status := range s.Services {
		svc, ok := cfg.Service(status.Name)
		if ok && svc.Name == config.LiteLLM && svc.Runtime == config.RuntimeEmbedded && status.Live && status.Ready {
			s.Services[i].Router = queryRouterState(ctx, cfg, svc, status.PID)
		}
	}
	return s
}

// queryRouterState asks the router, which is the process pid, for the state of its
// deployments; nil when it does not tell. The key goes to that process only.
func queryRouterState(ctx context.Context, cfg *config.Config, svc config.Service, pid int) *state.Report {
	if pid == 0 || !tcp.IsListening(pid, svc.Host, svc.Port) {
		return nil
	}
	key, err := policy.ClientKey(cfg, os.Getenv)
	if err != nil {
		return nil
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, svc.URL()+state.Path, nil)
	if err != nil {
		return nil
	}
	req.Header.Set("Authorization", "Bearer "+key)
	res, err := loopback.New(loopback.Options{Timeout: deploymentsTimeout, MaxReply: deploymentsReply}).Do(req)
	if err != nil {
		return nil
	}
	defer res.Body.Close()
	var report state.Report
	if res.StatusCode != http.StatusOK || json.NewDecoder(res.Body).Decode(&report) != nil {
		return nil
	}
	return &report
}
