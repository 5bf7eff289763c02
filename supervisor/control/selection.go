package control

import (
	"slices"
	"strings"

	"github.com/samber/lo"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/suggest"
)

// SelectServices returns the services that a command names, all when it names none.
// Fault: service-unknown.
func SelectServices(cfg *config.Config, wanted []string) ([]string, error) {
	known := lo.Map(cfg.Services, func(s config.Service, _ int) string { return s.Name })
	for _, name := range wanted {
		if !slices.Contains(known, name) {
			return nil, unknownServiceFault(name, known)
		}
	}
	if len(wanted) == 0 {
		return known, nil
	}
	return lo.Uniq(wanted), nil
}

// unknownServiceFault returns the fault service-unknown, whose hint names the nearest of
// the known services.
func unknownServiceFault(name string, known []string) error {
	f := fault.Usage("service-unknown", "there is no service %q", name)
	if len(known) == 0 {
		return f.WithHint("the configuration has no services")
	}
	services := "the services are " + strings.Join(known, ", ")
	return f.WithHint("%s", suggest.HintBefore(services, name, known))
}

// CheckServiceName refuses the name of a service that cfg does not have. Fault:
// service-unknown.
func CheckServiceName(cfg *config.Config, name string) error {
	_, err := SelectServices(cfg, []string{name})
	return err
}
