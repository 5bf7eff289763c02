package supervisor

import (
	"context"
	"fmt"
	"os"
	"syscall"
	"time"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/flock"
	"github.com/flowgate-go/flowgate/internal/process"
	"github.com/flowgate-go/flowgate/supervisor/client"
	"github.com/flowgate-go/flowgate/supervisor/control"
	"github.com/flowgate-go/flowgate/supervisor/service/instance"
)

// forceTimeout is how long a supervisor that does not answer may take to end after
// SIGTERM before it is killed. Its services are ended afterwards, each with its
// own stop timeout.
const forceTimeout = 2 * time.Second

// ForceStop stops services as Stop does, and also ends a supervisor that does not
// answer: it ends the supervisor, by SIGKILL if necessary, then every service of its
// ledger. It signals only processes whose identity is the recorded one. Faults: those of Stop,
// supervisor-stuck, supervisor-foreign.
func ForceStop(ctx context.Context, cfg *config.Config, services []string) (control.Status, error) {
	if _, err := client.New(cfg).Status(ctx); !client.IsUnreachable(err) {
		return Stop(ctx, cfg, services)
	}
	if len(services) > 0 {
		return statusFromLedger(cfg), fault.Usage("flag-invalid",
			"the supervisor does not answer, and ends with all of its services: -force takes no service").
			WithHint("leave -service out")
	}
	dir := cfg.Paths.RuntimeDir
	id, lives := client.LivingSupervisor(dir)
	if lives {
		if err := endSupervisor(ctx, dir, id); err != nil {
			return statusFromLedger(cfg), err
		}
		// A log that cannot be written does not fail the stop.
		_ = control.AppendEvents(cfg.Paths.LogFile, control.Event{
			Event:   control.EventSupervisorStopped,
			Profile: control.ActiveProfile(cfg),
			Result:  "error",
			Detail:  fmt.Sprintf("process %d did not answer and was ended by stop -force", id.PID),
		})
	}
	return stopWithoutSupervisor(ctx, cfg, nil)
}

// endSupervisor ends a supervisor that does not answer, and waits until it has ended.
func endSupervisor(ctx context.Context, runtimeDir string, id process.Identity) error {
	if !holdsLock(runtimeDir, id) {
		return fault.New(
			"supervisor-foreign", "process %d does not hold the lock of %s: it is not its supervisor", id.PID, runtimeDir,
		).
			WithHint("look at process %d; remove supervisor.json when it has nothing to do with FlowGate", id.PID)
	}
	_ = id.Signal(syscall.SIGTERM) // one that ended meanwhile is fine
	_ = id.Signal(syscall.SIGCONT) // a suspended process does not receive SIGTERM
	if awaitEndWithin(ctx, id, forceTimeout) == nil {
		return nil
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	_ = id.Signal(syscall.SIGKILL)
	if err := awaitEndWithin(ctx, id, instance.KillTimeout); err != nil {
		return fault.New(
			"supervisor-stuck", "the supervisor, process %d, did not end within %v of SIGKILL", id.PID, instance.KillTimeout,
		).
			WithHint("it waits for a device or a file system that does not answer: repair that, or restart the machine")
	}
	return nil
}

// holdsLock reports whether a process is the one that holds the runtime
// folder's lock. Where the system does not say which process holds it, the answer is
// yes if the lock is held, since a reused pid does not have the identity in the ledger.
func holdsLock(runtimeDir string, id process.Identity) bool {
	pid, held := flock.Holder(control.LockPath(runtimeDir))
	return held && id.PID > 1 && id.PID != os.Getpid() && (pid == 0 || pid == id.PID)
}

// awaitEndWithin waits until a process has ended, no longer than limit.
func awaitEndWithin(ctx context.Context, id process.Identity, limit time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	return awaitEnd(ctx, id)
}
