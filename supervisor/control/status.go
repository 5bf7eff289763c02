package control

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/samber/lo"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/process"
	"github.com/flowgate-go/flowgate/internal/program"
	"github.com/flowgate-go/flowgate/internal/router/state"
	"github.com/flowgate-go/flowgate/internal/tcp"
	"github.com/flowgate-go/flowgate/supervisor/ledger"
)

// States of a service.
const (
	StateStopped  = "stopped"
	StateStarting = "starting" // executed, not ready yet
	StateRunning  = "running"  // was ready since its start
	StateBackoff  = "backoff"  // ended, waits for its next start
	StateFailed   = "failed"   // given up: see reason
	StateStopping = "stopping"
)

// Status is the state of a stack, as start, stop, restart, status and health report it.
type Status struct {
	Profile    string          `json:"profile"`    // the active profile; "" when none was chosen
	Supervisor *SupervisorInfo `json:"supervisor"` // nil when none runs
	Services   []ServiceStatus `json:"services"`   // in start order

	// of start and restart: what is odd about the configuration that the router got
	Warnings []config.Warning `json:"warnings,omitempty"`
}

// SupervisorInfo describes the resident supervisor.
type SupervisorInfo struct {
	PID     int    `json:"pid"`
	Version string `json:"version"`
	Adopted bool   `json:"adopted"` // it took services over from an earlier supervisor
	Socket  string `json:"socket"`

	Upgrades       int    `json:"upgrades"`                  // handovers to a new program since its process began
	UpgradeFailure string `json:"upgrade_failure,omitempty"` // why the last handover was taken back
	Hint           string `json:"hint,omitempty"`            // set when another version asks
}

// ServiceStatus is the state of one service.
type ServiceStatus struct {
	Name      string       `json:"name"`
	Runtime   string       `json:"runtime"`
	Version   string       `json:"version,omitempty"` // of the runtime, where known
	State     string       `json:"state"`
	PID       int          `json:"pid"`   // 0 without a process
	Live      bool         `json:"live"`  // the supervisor sees its process
	Ready     bool         `json:"ready"` // its readiness probe passed last
	URL       string       `json:"url"`
	StartedAt *time.Time   `json:"started_at"` // of the process that runs
	UptimeS   float64      `json:"uptime_s"`
	Restarts  int          `json:"restarts"`         // since it was last started by a command
	LastExit  *ledger.Exit `json:"last_exit"`        // of the process before
	Reason    string       `json:"reason,omitempty"` // why it is failed, in backoff or not ready
	Log       string       `json:"log"`              // file of its output
	Usage     *Usage       `json:"usage"`            // of the process; nil without one
	// of the embedded router's deployments, in status and health; nil where it does not
	// tell
	Router   *state.Report    `json:"router,omitempty"`
	Decision *ledger.Decision `json:"decision"`          // the last one on evidence about it; nil when there was none
	Differs  []string         `json:"differs,omitempty"` // settings that the configuration has changed since its start

	// PortTaken is set by Health when a process that is not the service's has its port.
	PortTaken bool `json:"-"`
}

// IsActive reports whether a supervisor must stay for a service in this state.
func IsActive(state string) bool { return state != StateStopped && state != StateFailed }

// Usage is what a service's process uses. A count is nil where the system does
// not tell it.
type Usage struct {
	CPUS    float64 `json:"cpu_s"`   // processor seconds since it began
	CPUPct  float64 `json:"cpu_pct"` // of one processor: in status on average since it began, in top lately
	RSS     int64   `json:"rss_bytes"`
	Files   *int    `json:"open_files"`
	Sockets *int    `json:"sockets"` // of the open files
}

// Failure is the detail of a fault about one service: what people need to repair it.
type Failure struct {
	Service string       `json:"service"`
	Port    int          `json:"port"`
	Holder  *tcp.Holder  `json:"holder,omitempty"` // the process that has the port instead
	Exit    *ledger.Exit `json:"exit,omitempty"`
	Log     []string     `json:"log"`      // last lines that its process wrote
	LogFile string       `json:"log_file"` // the file with the whole log
}

// FailureLines is how many lines of its log a failure shows.
const FailureLines = 20

// Only returns the status with the named service alone.
func (s Status) Only(name string) Status {
	s.Services = lo.Filter(s.Services, func(svc ServiceStatus, _ int) bool { return svc.Name == name })
	return s
}

// CheckHealth returns nil when all services are live and ready. Faults: unhealthy for the
// first service that is not, group-unavailable for a ready router that has no available
// deployment of a group.
func (s Status) CheckHealth() error {
	for _, svc := range s.Services {
		if svc.Live && svc.Ready {
			continue
		}
		problem := "not ready"
		if !svc.Live {
			problem = svc.State
			if svc.Ready {
				problem = "answered by another process, not by a service of this supervisor"
			}
		}
		if svc.Reason != "" {
			problem += ": " + svc.Reason
		}
		hint := fmt.Sprintf(program.Format("mage logs %s shows its last lines"), svc.Name)
		switch {
		case svc.PortTaken:
			hint = fmt.Sprintf(
				program.Format(
					"stop that process, or give services.%s.port another number; mage start cannot bring it up meanwhile",
				),
				svc.Name,
			)
		case svc.State == StateStopped:
			hint = program.Text("mage start brings it up")
		}
		return fault.New("unhealthy", "%s at %s is %s", svc.Name, svc.URL, problem).WithHint("%s", hint)
	}
	return s.checkGroups()
}

// checkGroups returns a fault when the router has no available deployment of a group.
func (s Status) checkGroups() error {
	for _, svc := range s.Services {
		if svc.Router == nil || len(svc.Router.UnavailableGroups) == 0 {
			continue
		}
		groups := svc.Router.UnavailableGroups
		text := fmt.Sprintf("%s has no available deployment of %s", svc.Name, strings.Join(groups, ", "))
		i := slices.IndexFunc(svc.Router.Cooling, func(c state.Cooling) bool { return c.Group == groups[0] })
		if i < 0 {
			return fault.New("group-unavailable", "%s", text).WithHint(
				"the keys of its deployments are not set: mage logs %s says which", svc.Name,
			)
		}
		c := svc.Router.Cooling[i]
		return fault.New(
			"group-unavailable", "%s: %s cools down until %s. %s", text, c.Deployment, c.Until.Format(time.RFC3339), c.Reason,
		).
			WithHint("mage status shows all that cool down, mage logs %s the failures", svc.Name)
	}
	return nil
}

// StoppedService returns the status of a service without a process.
func StoppedService(cfg *config.Config, svc config.Service) ServiceStatus {
	return ServiceStatus{
		Name: svc.Name, Runtime: svc.Runtime, State: StateStopped, URL: svc.URL(), Log: LogPath(cfg, svc.Name),
	}
}

// Uptime returns the age of a process in seconds, by the clock where the system does
// not know it.
func Uptime(id process.Identity, since time.Time) float64 {
	age, known := id.Age()
	if !known {
		age = max(0, time.Since(since))
	}
	return age.Round(time.Millisecond).Seconds()
}
