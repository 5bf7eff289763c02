package supervisor

import (
	"context"
	"fmt"
	"time"

	"github.com/samber/lo"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/program"
	"github.com/flowgate-go/flowgate/supervisor/client"
	"github.com/flowgate-go/flowgate/supervisor/control"
	"github.com/flowgate-go/flowgate/supervisor/ledger"
	"github.com/flowgate-go/flowgate/supervisor/observe"
)

// offlineProbeTimeout bounds the readiness probes that a command makes in place of a
// supervisor that does not answer.
const offlineProbeTimeout = 2 * time.Second

// statusFromLedger returns the status that the ledger and the processes show, for a
// command that got no answer from a supervisor. A service that has a process is
// running, never stopped. The status names a supervisor that lives.
func statusFromLedger(cfg *config.Config) control.Status {
	dir := cfg.Paths.RuntimeDir
	l := ledger.Read(dir)
	id, lives := client.LivingSupervisor(dir)
	running := lo.KeyBy(ledger.RunningServices(cfg, l), func(e ledger.Entry) string { return e.Name })
	status := control.Status{
		Profile:  control.ActiveProfile(cfg),
		Services: make([]control.ServiceStatus, 0, len(cfg.Services)),
	}
	why := program.Text("its supervisor was killed; mage start brings one that adopts it")
	if isMissing(dir) {
		why = program.Text(
			"its runtime folder was removed: a supervisor that lives makes it anew within a second, else mage start does",
		)
	}
	if lives {
		status.Supervisor = &control.SupervisorInfo{PID: id.PID, Version: l.Program, Socket: l.Socket}
		why = fmt.Sprintf("read from supervisor.json: its supervisor, process %d, did not answer", id.PID)
	}
	for _, svc := range cfg.Services {
		s := control.StoppedService(cfg, svc)
		if e, ok := running[svc.Name]; ok {
			s.State, s.PID, s.Live, s.Restarts = control.StateRunning, e.Process.PID, true, e.Restarts
			if lives && (e.State == control.StateStarting || e.State == control.StateStopping) {
				s.State = e.State
			}
			s.StartedAt, s.UptimeS, s.Reason = &e.StartedAt, control.Uptime(e.Process, e.StartedAt), why
		} else if e, ok := lo.Find(l.Services, func(e ledger.Entry) bool { return e.Name == svc.Name }); ok && lives &&
			e.State != "" {
			s.State, s.Restarts, s.LastExit, s.Reason = e.State, e.Restarts, e.LastExit, why
		}
		status.Services = append(status.Services, s)
	}
	return status
}

// addReadiness probes the running services of a stack whose supervisor does not
// answer, and returns the status with their readiness.
func addReadiness(ctx context.Context, cfg *config.Config, s control.Status) control.Status {
	ctx, cancel := context.WithTimeout(ctx, offlineProbeTimeout)
	defer cancel()
	return probeEach(cfg, s, func(svc config.Service, status control.ServiceStatus) control.ServiceStatus {
		if !status.Live {
			return status
		}
		switch err := observe.CheckReadiness(ctx, cfg, svc, status.PID); {
		case err == nil:
			status.Ready = true
		case ctx.Err() != nil:
			status.Reason += fmt.Sprintf("; whether it is ready is unknown: no answer within %v", offlineProbeTimeout)
		default:
			status.Reason += "; " + err.Error()
		}
		return status
	})
}
