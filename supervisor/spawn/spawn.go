// Package spawn starts a resident supervisor: Ensure returns when one listens, whether
// it ran before or not. It never starts two.
package spawn

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/flock"
	"github.com/flowgate-go/flowgate/internal/logfile"
	"github.com/flowgate-go/flowgate/internal/process"
	"github.com/flowgate-go/flowgate/internal/program"
	"github.com/flowgate-go/flowgate/internal/selfexec"
	"github.com/flowgate-go/flowgate/internal/trust"
	"github.com/flowgate-go/flowgate/supervisor/client"
	"github.com/flowgate-go/flowgate/supervisor/control"
	"github.com/flowgate-go/flowgate/supervisor/ledger"
)

// startLockTimeout is how long commands queue for the one that starts a supervisor,
// which itself may wait for the end of the one before.
const startLockTimeout = control.LockTimeout + 15*time.Second

// Options say how a supervisor is started. The zero value starts this
// program in this process's environment.
type Options struct {
	Self      string   // path that executes this program; default selfexec.Path()
	Environ   []string // of the supervisor; default os.Environ()
	Lifeline  *os.File // its end ends the supervisor; may be nil
	Ephemeral string   // folder removed when the supervisor ends; "" for none
}

// Ensure returns when a supervisor listens. Of any number of commands at once, one
// starts it. Faults: supervisor-failed, supervisor-unreachable, runtime-dir-unwritable,
// and those of daemon.Run.
func Ensure(ctx context.Context, cfg *config.Config, c *client.Client, o Options) error {
	if _, err := c.Status(ctx); !errors.Is(err, client.ErrNoSupervisor) {
		return err
	}
	dir := cfg.Paths.RuntimeDir
	if err := control.EnsureRuntimeDir(dir); err != nil {
		return err
	}
	lock, err := flock.Take(ctx, control.StartLockPath(dir), startLockTimeout)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err != nil {
		return control.UnwritableFault(dir, err)
	}
	defer lock.Close()
	if _, err := c.Status(ctx); !errors.Is(err, client.ErrNoSupervisor) {
		return err
	}
	return startSupervisor(ctx, cfg, o)
}

// startSupervisor starts a supervisor, detached, and waits until it listens.
func startSupervisor(ctx context.Context, cfg *config.Config, o Options) error {
	path := filepath.Join(cfg.Paths.RuntimeDir, "supervisor.log")
	log, err := control.OpenLog(path)
	if err != nil {
		return control.UnwritableFault(cfg.Paths.RuntimeDir, err)
	}
	defer log.Close()
	logFrom := logfile.EndOffset(path)
	startup, notify, err := os.Pipe()
	if err != nil {
		return fault.New("supervisor-failed", "start the supervisor: %w", err)
	}
	defer startup.Close()
	cmd := supervisorCommand(cfg, o, notify)
	cmd.Stdout, cmd.Stderr = log, log
	err = cmd.Start()
	_ = notify.Close() // the child has it
	if err != nil {
		return fault.New("supervisor-failed", "start the supervisor: %w", err)
	}
	pid := cmd.Process.Pid
	_ = cmd.Process.Release() // it outlives this command
	result, err := readStartupResult(ctx, startup)
	if ctx.Err() != nil {
		return context.Cause(ctx) // it ends by itself when no command comes
	}
	if err != nil {
		process.Reap(pid)
		lines, _ := logfile.LastLines(path, logFrom, control.FailureLines)
		return fault.New("supervisor-failed", "the supervisor ended while it started: %s", logfile.Cause(lines)).
			WithHint("see %s", log.Name()).
			WithDetail(control.Failure{Service: "supervisor", Log: lines, LogFile: log.Name()})
	}
	return result.Fault.Err()
}

// supervisorCommand returns `<self> supervisor:run …` in a session of its own, so
// that the end of the terminal does not reach it. Descriptor 3 gets its
// StartupResult, 4 is the lifeline.
func supervisorCommand(cfg *config.Config, o Options, notify *os.File) *exec.Cmd {
	self := o.Self
	if self == "" {
		self = selfexec.Path()
	}
	args := []string{"supervisor:run", "-notify=3"}
	if cfg.File != "" {
		args = append(args, "-config="+cfg.File)
	}
	files := []*os.File{notify}
	if o.Lifeline != nil {
		args = append(args, "-lifeline=4")
		files = append(files, o.Lifeline)
	}
	if o.Ephemeral != "" {
		args = append(args, "-ephemeral="+o.Ephemeral)
	}
	cmd := Detached(cfg, self, o.Environ, args...)
	cmd.ExtraFiles = files
	return cmd
}

// Detached returns a command that executes this program, at the path self, in the folder of
// cfg and in a session of its own, so that the end of the terminal does not reach it. What it
// is started with trusts cfg as this process does. environ is its environment; nil means
// os.Environ().
func Detached(cfg *config.Config, self string, environ []string, args ...string) *exec.Cmd {
	cmd := exec.Command(self, args...) //nolint:gosec // this program itself
	cmd.Dir = cfg.Dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	cmd.Env = append(supervisorEnviron(environ), trust.DigestVariable+"="+surfaceDigest(cfg, environ),
		program.Variable+"="+program.Name())
	return cmd
}

// surfaceDigest returns the digest of the configuration that the supervisor will load,
// which the caller trusts. The caller's own copy may differ, to try something.
func surfaceDigest(cfg *config.Config, environ []string) string {
	getenv := os.Getenv
	if environ != nil {
		getenv = control.GetenvIn(environ)
	}
	if cfg.File != "" {
		if loaded, err := config.Load(cfg.File, getenv); err == nil {
			cfg = loaded
		}
	}
	return trust.SurfaceOf(cfg, getenv("HOME")).Digest()
}

// supervisorEnviron returns an environment without the variables that are meant for the
// calling command only.
func supervisorEnviron(environ []string) []string {
	if environ == nil {
		environ = os.Environ()
	}
	kept := make([]string, 0, len(environ))
	for _, entry := range environ {
		name, _, _ := strings.Cut(entry, "=")
		if !strings.HasPrefix(name, "MAGEFILE_") && name != "FLOWGATE_CONFIG" && name != "FLOWGATE_FORMAT" &&
			name != ledger.MarkVariable &&
			name != trust.DigestVariable && name != program.Variable {
			kept = append(kept, entry)
		}
	}
	return kept
}

// readStartupResult waits for the result of the supervisor's start. It is an error when
// the supervisor ended without one.
func readStartupResult(ctx context.Context, startup *os.File) (control.StartupResult, error) {
	stop := context.AfterFunc(ctx, func() { _ = startup.SetReadDeadline(time.Unix(1, 0)) })
	defer stop()
	raw, err := io.ReadAll(io.LimitReader(startup, 1<<20))
	if err != nil {
		return control.StartupResult{}, err
	}
	var result control.StartupResult
	err = json.Unmarshal(raw, &result) // an empty text is an error, too
	return result, err
}
