package supervisor

import (
	"time"

	"github.com/flowgate-go/flowgate/internal/router"
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

// Status is a stack as start, stop, restart, status and health report it.
type Status struct {
	Profile    string          `json:"profile"`    // the active profile; "" when none was chosen
	Supervisor *Info           `json:"supervisor"` // nil when none runs
	Services   []ServiceStatus `json:"services"`   // in start order
}

// Info describes the resident supervisor.
type Info struct {
	PID     int    `json:"pid"`
	Version string `json:"version"`
	Adopted bool   `json:"adopted"` // it took services over from an earlier supervisor
	Socket  string `json:"socket"`

	Upgrades       int    `json:"upgrades"`                  // handovers to a new program since its process began
	UpgradeFailure string `json:"upgrade_failure,omitempty"` // why the last handover was taken back
	Hint           string `json:"hint,omitempty"`            // set when another version asks
}

// ServiceStatus is one service. Live says that the supervisor sees its process,
// ready that its readiness path answered 2xx when it was last asked.
type ServiceStatus struct {
	Name      string     `json:"name"`
	Runtime   string     `json:"runtime"`
	Version   string     `json:"version,omitempty"` // of the runtime, where known
	State     string     `json:"state"`
	PID       int        `json:"pid"` // 0 without a process
	Live      bool       `json:"live"`
	Ready     bool       `json:"ready"`
	URL       string     `json:"url"`
	StartedAt *time.Time `json:"started_at"` // of the process that runs
	UptimeS   float64    `json:"uptime_s"`
	Restarts  int        `json:"restarts"`         // since it was last started by a command
	LastExit  *Exit      `json:"last_exit"`        // of the process before
	Reason    string     `json:"reason,omitempty"` // why it is failed, in backoff or not ready
	Log       string     `json:"log"`              // file of its output
	Usage     *Usage     `json:"usage"`            // of the process; nil without one
	Router    *Router    `json:"router,omitempty"` // of the embedded router's deployments, in status and health; nil where it does not tell
	Decision  *Decision  `json:"decision"`         // the last one on evidence about it; nil when there was none

	stranger bool // a process that is not the service's has its port; set by Health
}

// Router is which deployments the embedded router may ask.
type Router = router.State

// Exit says how a process ended.
type Exit = ledger.Exit

// Decision is what was made of evidence about a service.
type Decision = ledger.Decision

// active reports a state that a supervisor must stay for.
func active(state string) bool { return state != StateStopped && state != StateFailed }
