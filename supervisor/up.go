package supervisor

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/samber/lo"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/logfile"
	"github.com/flowgate-go/flowgate/internal/policy"
)

// Up is Start with the router's configuration generated first, from the
// configuration as it is now and the profile in force (the default one when
// none was chosen), unless the router runs already. Faults: those of
// policy.Prepare, policy.Write and Start.
func Up(ctx context.Context, cfg *config.Config, o StartOptions) (Status, error) {
	if status, err := generate(ctx, cfg, o, routerRuns); err != nil {
		return status, err
	}
	return Start(ctx, cfg, o)
}

// Regenerate has the router's configuration follow the configuration as it is
// now, unless the router runs. Faults: those of policy.Prepare and policy.Write.
func Regenerate(ctx context.Context, cfg *config.Config, getenv func(string) string) error {
	_, err := generate(ctx, cfg, StartOptions{Getenv: getenv}, routerRuns)
	return err
}

// routerRuns is a status to leave the router's configuration alone in; so is
// one without a router.
func routerRuns(s Status) bool {
	router := s.Only(config.LiteLLM).Services
	return len(router) == 0 || router[0].Live
}

// Again is Restart with the router's configuration generated first. Nothing is
// stopped when that fails.
func Again(ctx context.Context, cfg *config.Config, o StartOptions) (Status, error) {
	if status, err := generate(ctx, cfg, o, func(Status) bool { return false }); err != nil {
		return status, err
	}
	return Restart(ctx, cfg, o)
}

// generate writes the router's configuration when o concerns the router and
// its status is not one to leave it alone.
func generate(ctx context.Context, cfg *config.Config, o StartOptions, leave func(Status) bool) (Status, error) {
	names, err := chooseNames(cfg, o.Services)
	if err != nil {
		return standing(ctx, cfg), err
	}
	if !slices.Contains(names, config.LiteLLM) {
		return offline(cfg), nil
	}
	if status, err := Query(ctx, cfg); err != nil || leave(status) {
		return status, err
	}
	lock, err := lockProfile(ctx, cfg)
	if err != nil {
		return offline(cfg), err
	}
	defer lock.Close()
	status, err := Query(ctx, cfg) // again: who held the lock may have started it
	if err != nil || leave(status) {
		return status, err
	}
	getenv := o.Getenv
	if getenv == nil {
		getenv = os.Getenv
	}
	active, err := policy.Prepare(cfg, policy.CurrentOrDefault(cfg), getenv)
	if err != nil {
		return status, err
	}
	if same, err := inForce(cfg, active); err != nil || same {
		return status, err
	}
	_, err = policy.Write(cfg, active, time.Now())
	return status, err
}

// Only is the status of one service.
func (s Status) Only(name string) Status {
	s.Services = lo.Filter(s.Services, func(svc ServiceStatus, _ int) bool { return svc.Name == name })
	return s
}

// Unhealthy is nil when all services are live and ready, else the fault
// unhealthy, which names the first that is not. A ready router of which no
// deployment of a group may be asked is the fault group-unavailable.
func (s Status) Unhealthy() error {
	for _, svc := range s.Services {
		if svc.Live && svc.Ready {
			continue
		}
		lack := "not ready"
		if !svc.Live {
			lack = svc.State
			if svc.Ready {
				lack = "answered by somebody else's process, not by a service of this supervisor"
			}
		}
		if svc.Reason != "" {
			lack += ": " + svc.Reason
		}
		hint := fmt.Sprintf("mage logs %s shows its last lines", svc.Name)
		switch {
		case svc.stranger:
			hint = fmt.Sprintf("stop that process, or give services.%s.port another number; mage start cannot bring it up meanwhile", svc.Name)
		case svc.State == StateStopped:
			hint = "mage start brings it up"
		}
		return fault.New("unhealthy", "%s at %s is %s", svc.Name, svc.URL, lack).WithHint("%s", hint)
	}
	return s.unavailable()
}

// UnknownService is the fault service-unknown for a name that cfg does not have.
func UnknownService(cfg *config.Config, name string) error {
	_, err := chooseNames(cfg, []string{name})
	return err
}

// Line is the event as a person reads it: "litellm: ready".
func (e Event) Line() string {
	text := e.Event
	if e.Service != "" {
		text = e.Service + ": " + strings.TrimPrefix(e.Event, "service.")
	}
	if e.Detail != "" {
		text += " (" + e.Detail + ")"
	}
	return text
}

// Tail returns the last n lines that a service wrote; none when there is no log.
func Tail(cfg *config.Config, service string, n int) []string {
	lines, _ := logfile.Last(logPath(cfg, service), 0, n)
	return lines
}
