package control

import (
	"slices"
	"strings"

	"github.com/agnivade/levenshtein"
	"github.com/samber/lo"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/fault"
)

// SelectServices are the services that a command is about: all when it names none.
// An unknown name is the fault service-unknown.
func SelectServices(cfg *config.Config, wanted []string) ([]string, error) {
	known := lo.Map(cfg.Services, func(s config.Service, _ int) string { return s.Name })
	for _, name := range wanted {
		if !slices.Contains(known, name) {
			return nil, unknownService(name, known)
		}
	}
	if len(wanted) == 0 {
		return known, nil
	}
	return lo.Uniq(wanted), nil
}

func unknownService(name string, known []string) error {
	f := fault.Usage("service-unknown", "there is no service %q", name)
	if len(known) == 0 {
		return f.WithHint("the configuration has no services")
	}
	nearest := lo.MinBy(known, func(a, b string) bool {
		return levenshtein.ComputeDistance(name, a) < levenshtein.ComputeDistance(name, b)
	})
	return f.WithHint("did you mean %q? The services are %s", nearest, strings.Join(known, ", "))
}

// UnknownService is the fault service-unknown for a name that cfg does not have.
func UnknownService(cfg *config.Config, name string) error {
	_, err := SelectServices(cfg, []string{name})
	return err
}
