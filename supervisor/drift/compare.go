package drift

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/flowgate-go/flowgate/internal/cliproxy"
	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/policy"
	"github.com/flowgate-go/flowgate/internal/safefile"
	"github.com/flowgate-go/flowgate/supervisor/control"
	"github.com/flowgate-go/flowgate/supervisor/ledger"
)

// Settings returns the text of the configuration that a router would load if it started now.
// An error means that it is not known.
type Settings func() ([]byte, error)

// Planned returns the Settings that a start or restart would generate. In a shell without the
// keys that the configuration refers to, they are not known.
func Planned(cfg *config.Config, getenv func(string) string) Settings {
	return func() ([]byte, error) {
		active, err := policy.Build(cfg, policy.CurrentOrDefault(cfg), getenv)
		if err != nil {
			return nil, err
		}
		return active.YAML()
	}
}

// Generated returns the Settings that were generated last.
func Generated(cfg *config.Config) Settings {
	return func() ([]byte, error) { return safefile.Read(cfg.Paths.ActiveConfig, safefile.DocumentLimit) }
}

// Compare sets Differs of each running service to what it was started with that is not as cfg
// has it now. Such changes take effect at the service's next restart.
func Compare(cfg *config.Config, s *control.Status, router Settings) {
	var recorded []ledger.Entry
	if slices.ContainsFunc(s.Services, func(svc control.ServiceStatus) bool { return svc.PID != 0 }) {
		recorded = ledger.Read(cfg.Paths.RuntimeDir).Services
	}
	for i := range s.Services {
		running := &s.Services[i]
		running.Differs = nil
		configured, known := cfg.Service(running.Name)
		if running.PID == 0 || !known {
			continue
		}
		running.Differs = compareIdentity(*running, configured)
		if len(running.Differs) > 0 { // what such a service loads is of another kind
			continue
		}
		for _, e := range recorded {
			if e.Name == running.Name && e.Process.PID == running.PID && e.Loaded != nil {
				running.Differs = compareLoaded(cfg, configured, e, router)
			}
		}
	}
}

// FindUnrecorded returns the running services of which it is not known what they were started
// with, since an older version started them. Compare sees their runtime and address only.
func FindUnrecorded(cfg *config.Config, s control.Status) (names []string) {
	recorded := ledger.Read(cfg.Paths.RuntimeDir).Services
	for _, svc := range s.Services {
		isRecorded := slices.ContainsFunc(recorded, func(e ledger.Entry) bool {
			return e.Name == svc.Name && e.Process.PID == svc.PID && e.Loaded != nil
		})
		if svc.PID != 0 && !isRecorded {
			names = append(names, svc.Name)
		}
	}
	return names
}

// compareIdentity compares the runtime and the address.
func compareIdentity(running control.ServiceStatus, configured config.Service) (differs []string) {
	if running.Runtime != configured.Runtime {
		differs = append(differs,
			fmt.Sprintf("it runs %s, and the configuration has runtime: %s", running.Runtime, configured.Runtime))
	}
	if running.URL != configured.URL() {
		differs = append(differs,
			fmt.Sprintf("it is at %s, and the configuration has %s", running.URL, configured.URL()))
	}
	return differs
}

// compareLoaded compares the settings that a service was started with.
func compareLoaded(cfg *config.Config, svc config.Service, e ledger.Entry, router Settings) (differs []string) {
	if e.Loaded.Command != digestCommand(svc) {
		differs = append(differs, fmt.Sprintf("services.%s.command was changed since its start", svc.Name))
	}
	if e.Loaded.Supervision != digestSupervision(svc) {
		differs = append(differs,
			fmt.Sprintf("the probes, restarts or time limits of services.%s were changed since its start", svc.Name))
	}
	if e.Loaded.Router != "" {
		if text, err := router(); err == nil && digestRouterSettings(text) != e.Loaded.Router {
			differs = append(differs, "it runs with the models and settings that it loaded at its start, and the configuration "+
				"has others now")
		}
	}
	if e.Loaded.CLIProxy != "" {
		differs = append(differs, compareCLIProxy(cfg.CLIProxyConfigFile, e.Loaded.CLIProxy, e.StartedAt)...)
	}
	return differs
}

// compareCLIProxy compares CLIProxyAPI's own file. The server takes over a change in place by
// itself, so that only a file that was replaced differs.
func compareCLIProxy(file, loaded string, started time.Time) []string {
	now, err := cliproxy.DigestFile(file)
	if err != nil || now == loaded || !cliproxy.IsReplacedSince(file, started) {
		return nil
	}
	return []string{file + " was replaced since its start, and CLIProxyAPI takes only a file that is changed in place: " +
		"it runs with what was there before"}
}

// Fault returns the fault running-differs when one of the named services (of all, if none is
// named) runs with other settings than the configuration has now. Call Compare first.
func Fault(s control.Status, names []string) error {
	for _, svc := range s.Services {
		if len(svc.Differs) > 0 && (len(names) == 0 || slices.Contains(names, svc.Name)) {
			return fault.New("running-differs", "service %q runs and was not changed: %s", svc.Name,
				strings.Join(svc.Differs, "; ")).
				WithHint("mage restart %s applies the configuration", svc.Name)
		}
	}
	return nil
}
