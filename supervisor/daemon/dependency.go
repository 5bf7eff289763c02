package daemon

import (
	"github.com/samber/lo"

	"github.com/flowgate-go/flowgate/internal/config"
)

// withDependencies are the named services and all that they depend on, in start order.
func withDependencies(cfg *config.Config, names []string) []config.Service {
	wanted := map[string]bool{}
	var want func(name string)
	want = func(name string) {
		svc, ok := cfg.Service(name)
		if !ok || wanted[name] {
			return
		}
		wanted[name] = true
		for _, dep := range svc.DependsOn {
			want(dep)
		}
	}
	for _, name := range names {
		want(name)
	}
	return lo.Filter(cfg.Services, func(s config.Service, _ int) bool { return wanted[s.Name] })
}
