package supervisor

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/loopback"
	"github.com/flowgate-go/flowgate/internal/policy"
	"github.com/flowgate-go/flowgate/internal/router"
	"github.com/flowgate-go/flowgate/internal/tcp"
)

// Limits of asking the router about its deployments.
const (
	deploymentsTimeout = time.Second
	deploymentsReply   = 4 << 20
)

// QueryWithDeployments is Query with the state of the router's deployments. It sends the
// router's key, so it is for trusted installations only.
func QueryWithDeployments(ctx context.Context, cfg *config.Config) (Status, error) {
	status, err := Query(ctx, cfg)
	if err != nil {
		return status, err
	}
	return status.withDeployments(ctx, cfg), nil
}

// withDeployments adds the state of the deployments to the status of an
// embedded router that is ready. It stays absent when the router does not tell.
func (s Status) withDeployments(ctx context.Context, cfg *config.Config) Status {
	for i, status := range s.Services {
		svc, ok := cfg.Service(status.Name)
		if ok && svc.Name == config.LiteLLM && svc.Runtime == config.RuntimeEmbedded && status.Live && status.Ready {
			s.Services[i].Router = routerState(ctx, cfg, svc, status.PID)
		}
	}
	return s
}

// routerState asks the router, which is the process pid, for the state of its
// deployments; nil when it does not tell. The key goes to that process only.
func routerState(ctx context.Context, cfg *config.Config, svc config.Service, pid int) *router.State {
	if pid == 0 || !tcp.IsListening(pid, svc.Host, svc.Port) {
		return nil
	}
	key, err := policy.ClientKey(cfg, os.Getenv)
	if err != nil {
		return nil
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, svc.URL()+router.StatePath, nil)
	if err != nil {
		return nil
	}
	req.Header.Set("Authorization", "Bearer "+key)
	res, err := loopback.New(loopback.Options{Timeout: deploymentsTimeout, MaxReply: deploymentsReply}).Do(req)
	if err != nil {
		return nil
	}
	defer res.Body.Close()
	var state router.State
	if res.StatusCode != http.StatusOK || json.NewDecoder(res.Body).Decode(&state) != nil {
		return nil
	}
	return &state
}

// unavailable is nil unless the router has a group of which no deployment may be asked.
func (s Status) unavailable() error {
	for _, svc := range s.Services {
		if svc.Router == nil || len(svc.Router.UnavailableGroups) == 0 {
			continue
		}
		groups := svc.Router.UnavailableGroups
		text := fmt.Sprintf("%s has no available deployment of %s", svc.Name, strings.Join(groups, ", "))
		i := slices.IndexFunc(svc.Router.Cooling, func(c router.Cooling) bool { return c.Group == groups[0] })
		if i < 0 {
			return fault.New("group-unavailable", "%s", text).WithHint("the keys of its deployments are not set: mage logs %s says which", svc.Name)
		}
		c := svc.Router.Cooling[i]
		return fault.New("group-unavailable", "%s: %s cools down until %s. %s", text, c.Deployment, c.Until.Format(time.RFC3339), c.Reason).
			WithHint("mage status shows all that cool down, mage logs %s the failures", svc.Name)
	}
	return nil
}
