package operation

import (
	"github.com/samber/lo"

	"github.com/flowgate-go/flowgate/internal/config"
)

// milestones are what the dependents of a service wait for. Each is closed when it
// is reached.
type milestones struct{ started, ready chan struct{} }

// newMilestones returns milestones of which none is reached.
func newMilestones() *milestones { return &milestones{make(chan struct{}), make(chan struct{})} }

// withDependencies returns the named services and all that they depend on, in
// start order.
func withDependencies(cfg *config.Config, names []string) []config.Service {
	wanted := map[string]bool{}
	var add func(name string)
	add = func(name string) {
		svc, ok := cfg.Service(name)
		if !ok || wanted[name] {
			return
		}
		wanted[name] = true
		for _, dep := range svc.DependsOn {
			add(dep)
		}
	}
	for _, name := range names {
		add(name)
	}
	return lo.Filter(cfg.Services, func(s config.Service, _ int) bool { return wanted[s.Name] })
}
