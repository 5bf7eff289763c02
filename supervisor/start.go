// Package supervisor is what commands do with a stack: Start brings its services up
// through a resident supervisor, which it starts when none runs; Stop, Restart, Query
// and Health are the other commands. The resident supervisor itself is package
// daemon, which commands reach through a Unix socket in the runtime folder.
//
// The package never prints, and never signals a process that it cannot prove to be
// the stack's own. Package stack adds what a start needs besides: a fresh router
// configuration and a record of what got ready.
package supervisor

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"time"

	"github.com/samber/lo"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/flock"
	"github.com/flowgate-go/flowgate/internal/process"
	"github.com/flowgate-go/flowgate/supervisor/client"
	"github.com/flowgate-go/flowgate/supervisor/control"
	"github.com/flowgate-go/flowgate/supervisor/ledger"
	"github.com/flowgate-go/flowgate/supervisor/service/instance"
	"github.com/flowgate-go/flowgate/supervisor/spawn"
)

// lookInterval is the time between two looks for a new supervisor while a command waits
// for the lock of the runtime folder.
const lookInterval = 100 * time.Millisecond

// StartOptions steer Start, Restart and SetProfile. The zero value starts all
// services of the configuration.
type StartOptions struct {
	Services  []string                 // empty: all
	Timeout   time.Duration            // from exec to ready, of each service; 0: by runtime
	Self      string                   // path that executes this program; default selfexec.Path()
	Environ   []string                 // what services inherit; default os.Environ()
	Lifeline  *os.File                 // its end ends a supervisor that this call starts
	Ephemeral string                   // folder removed when such a supervisor ends; see daemon.Options
	Progress  func(control.Event)      // called for each event meanwhile; may be nil
	Scrub     func(line []byte) []byte // takes secrets out of the log lines in a fault; may be nil
	Getenv    func(string) string      // SetProfile: for the policy's references; default os.Getenv
}

// Start starts services, through the supervisor that runs or one that it starts, and
// returns when all are ready. Services that are ready stay as they
// are. Faults, with a Failure as detail where they concern one service:
// service-unknown, runtime-dir-unwritable, runtime-missing, port-in-use,
// port-unusable, listener-foreign, start-failed, start-timeout,
// start-interrupted, service-exited, supervisor-failed, supervisor-lost,
// supervisor-unreachable. The status is valid with an error too.
func Start(ctx context.Context, cfg *config.Config, o StartOptions) (control.Status, error) {
	return sendStart(ctx, cfg, "start", o)
}

// Restart stops the named services, all when none is named, and starts them
// again. Faults as for Start.
func Restart(ctx context.Context, cfg *config.Config, o StartOptions) (control.Status, error) {
	return sendStart(ctx, cfg, "restart", o)
}

// Stop stops services, all when none is named, and ends the supervisor with the last
// one. It is not an error that nothing runs. If a supervisor runs and does not answer,
// Stop returns the fault supervisor-unreachable within seconds: see ForceStop. Other
// faults: service-unknown, supervisor-lost, service-stuck.
func Stop(ctx context.Context, cfg *config.Config, services []string) (control.Status, error) {
	if _, err := control.SelectServices(cfg, services); err != nil {
		return currentStatus(ctx, cfg), err
	}
	c := client.New(cfg)
	for {
		if _, err := c.Status(ctx); client.IsUnreachable(err) { // asked first, since its answer has a time limit
			return statusFromLedger(cfg), err
		}
		last, err := c.Command(ctx, "stop", control.Request{Config: cfg, Services: services}, nil)
		switch {
		case errors.Is(err, client.ErrNoSupervisor):
			if awaitFolder(ctx, cfg) {
				continue
			}
			status, err := stopWithoutSupervisor(ctx, cfg, services)
			if !errors.Is(err, errSupervised) {
				return status, err
			}
		case isEnding(err):
			if err := client.WaitBriefly(ctx); err != nil {
				return statusFromLedger(cfg), err
			}
		case err != nil:
			return mergeStatus(cfg, last), err
		case last.Ending:
			err := awaitEnd(ctx, *last.Identity)
			status := mergeStatus(cfg, last)
			status.Supervisor = nil
			return status, err
		default:
			return mergeStatus(cfg, last), nil
		}
	}
}

// awaitFolder waits for a supervisor that restores a runtime folder which was removed
// while services run from it: one that lives does so within a second. It reports whether
// the folder has a supervisor again.
func awaitFolder(ctx context.Context, cfg *config.Config) bool {
	dir := cfg.Paths.RuntimeDir
	if !isMissing(dir) || len(ledger.Survivors(cfg, ledger.Read(dir))) == 0 {
		return false
	}
	for deadline := time.Now().Add(client.SocketTimeout); time.Now().Before(deadline); {
		if _, lives := client.LivingSupervisor(dir); lives {
			return true
		}
		if client.WaitBriefly(ctx) != nil {
			return false
		}
	}
	return false
}

// isMissing reports whether path does not exist.
func isMissing(path string) bool {
	_, err := os.Stat(path)
	return errors.Is(err, fs.ErrNotExist)
}

// errSupervised is the error of a stop without a supervisor when one answers after all:
// another command started it meanwhile, and it has adopted the services.
var errSupervised = errors.New("a supervisor runs again")

// stopWithoutSupervisor ends the services that a killed supervisor left running. It
// returns errSupervised when a new supervisor is faster.
func stopWithoutSupervisor(ctx context.Context, cfg *config.Config, services []string) (control.Status, error) {
	dir := cfg.Paths.RuntimeDir
	if len(ledger.Survivors(cfg, ledger.Read(dir))) == 0 {
		return statusFromLedger(cfg), nil
	}
	if isMissing(dir) { // its supervisor may live, and would start again what is ended here
		return statusFromLedger(cfg), fault.New("supervisor-unreachable",
			"the runtime folder %s was removed while services run from it", dir).
			WithHint("mage start makes it anew and adopts them; then mage stop")
	}
	lock, err := lockUnsupervised(ctx, cfg)
	if err != nil {
		return statusFromLedger(cfg), err
	}
	defer lock.Close()
	ended, err := instance.EndSurvivors(ctx, cfg, services)
	removeEntries(dir, ended)
	for _, e := range ended {
		// A log that cannot be written does not fail the stop.
		_ = control.AppendEvents(cfg.Paths.LogFile, control.Event{
			Event:   control.EventStopped,
			Service: e.Name,
			Profile: control.ActiveProfile(cfg),
			Result:  "ok",
			Detail:  fmt.Sprintf("process %d was left by a supervisor that had been killed", e.Process.PID),
		})
	}
	return statusFromLedger(cfg), err
}

// lockUnsupervised locks a runtime folder that has no supervisor, as a supervisor does. It
// waits for one that is ending, and returns errSupervised when one answers meanwhile: that
// one keeps the lock for as long as it lives.
func lockUnsupervised(ctx context.Context, cfg *config.Config) (io.Closer, error) {
	dir := cfg.Paths.RuntimeDir
	for end := time.Now().Add(control.LockTimeout); ; {
		lock, err := flock.Take(ctx, control.LockPath(dir), lookInterval)
		switch {
		case err == nil:
			return lock, nil
		case ctx.Err() != nil:
			return nil, context.Cause(ctx)
		case !errors.Is(err, context.DeadlineExceeded) || time.Now().After(end):
			return nil, control.UnwritableFault(dir, err)
		}
		if _, err := client.New(cfg).Status(ctx); !errors.Is(err, client.ErrNoSupervisor) {
			return nil, errSupervised
		}
	}
}

// removeEntries removes services that were ended from the ledger of a killed
// supervisor: the next one would restart them.
func removeEntries(runtimeDir string, ended []ledger.Entry) {
	l := ledger.Read(runtimeDir)
	l.Services = lo.Reject(l.Services, func(e ledger.Entry, _ int) bool {
		return !e.Process.Alive() || slices.ContainsFunc(ended, func(o ledger.Entry) bool { return o.Name == e.Name })
	})
	if len(l.Services) == 0 {
		ledger.Remove(runtimeDir)
		return
	}
	_ = ledger.Write(runtimeDir, l) // a full disk: the services are ended all the same
}

// sendStart sends the command start or restart. It waits for a supervisor that is
// ending, and starts a new one.
func sendStart(ctx context.Context, cfg *config.Config, verb string, o StartOptions) (control.Status, error) {
	if _, err := control.SelectServices(cfg, o.Services); err != nil {
		return currentStatus(ctx, cfg), err
	}
	q := control.Request{Config: cfg, Services: o.Services, TimeoutMS: o.Timeout.Milliseconds(), Environ: o.Environ}
	if q.Environ == nil {
		q.Environ = os.Environ()
	}
	q.Cwd, _ = os.Getwd() // only one of the places where a virtual environment may be
	c := client.New(cfg)
	c.Scrub = o.Scrub
	for {
		if err := spawn.Ensure(
			ctx, cfg, c, spawn.Options{Self: o.Self, Environ: o.Environ, Lifeline: o.Lifeline, Ephemeral: o.Ephemeral},
		); err != nil {
			return statusFromLedger(cfg), err
		}
		last, err := c.Command(ctx, verb, q, o.Progress)
		if !isEnding(err) && !errors.Is(err, client.ErrNoSupervisor) {
			return finalStatus(ctx, cfg, last), err
		}
		if err := client.WaitBriefly(ctx); err != nil {
			return statusFromLedger(cfg), err
		}
	}
}

// finalStatus returns the status that a command ended with. It waits for the end of a
// supervisor that ends with the command.
func finalStatus(ctx context.Context, cfg *config.Config, last control.Reply) control.Status {
	status := mergeStatus(cfg, last)
	if last.Ending && last.Identity != nil && awaitEnd(ctx, *last.Identity) == nil {
		status.Supervisor = nil
	}
	return status
}

// currentStatus returns the present status. A command that was refused reports it.
func currentStatus(ctx context.Context, cfg *config.Config) control.Status {
	status, _ := Query(ctx, cfg) // it is valid with an error too
	return status
}

// isEnding reports whether an ending supervisor refused a command.
func isEnding(err error) bool {
	var f *fault.Error
	return errors.As(err, &f) && f.Code == control.CodeEnding
}

// awaitEnd waits until a supervisor has ended, and reaps it when it is a child of
// this process.
func awaitEnd(ctx context.Context, id process.Identity) error {
	if err := id.Await(ctx); err != nil {
		return err
	}
	if id.PID != os.Getpid() {
		process.Reap(id.PID)
	}
	return nil
}
