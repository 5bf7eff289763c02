package control

import (
	"fmt"
	"slices"
	"strings"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/fault"
)

// Compare sets Differs of each running service to the settings that cfg has changed since
// it was started. They take effect at the service's next restart.
func (s *Status) Compare(cfg *config.Config) {
	for i := range s.Services {
		running := &s.Services[i]
		configured, known := cfg.Service(running.Name)
		if running.PID == 0 || !known {
			continue
		}
		running.Differs = nil
		if running.Runtime != configured.Runtime {
			running.Differs = append(running.Differs,
				fmt.Sprintf("it runs %s, and the configuration has runtime: %s", running.Runtime, configured.Runtime))
		}
		if running.URL != configured.URL() {
			running.Differs = append(running.Differs,
				fmt.Sprintf("it is at %s, and the configuration has %s", running.URL, configured.URL()))
		}
	}
}

// DifferenceFault returns the fault running-differs when one of the named services (of all,
// if none is named) runs with other settings than the configuration has now. Call Compare
// first.
func (s Status) DifferenceFault(names []string) error {
	for _, svc := range s.Services {
		if len(svc.Differs) > 0 && (len(names) == 0 || slices.Contains(names, svc.Name)) {
			return fault.New("running-differs", "service %q runs and was not changed: %s", svc.Name,
				strings.Join(svc.Differs, "; ")).
				WithHint("mage restart %s applies the configuration", svc.Name)
		}
	}
	return nil
}
