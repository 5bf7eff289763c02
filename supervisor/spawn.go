package supervisor

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

	"golang.org/x/sys/unix"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/logfile"
	"github.com/flowgate-go/flowgate/internal/process"
	"github.com/flowgate-go/flowgate/internal/selfexec"
	"github.com/flowgate-go/flowgate/internal/trust"
)

// spawnWait is how long commands queue for the one that starts a supervisor,
// which itself may wait for the end of the one before.
const spawnWait = lockWait + 15*time.Second

// ensure makes sure that a supervisor listens: of any number of commands at
// once, one starts it and the others find it.
func ensure(ctx context.Context, cfg *config.Config, c *client, o StartOptions) error {
	if _, err := c.status(ctx); !errors.Is(err, errNoSupervisor) {
		return err
	}
	dir := cfg.Paths.RuntimeDir
	if err := ensureDir(dir); err != nil {
		return err
	}
	lock, err := takeLock(ctx, startLockPath(dir), spawnWait)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err != nil {
		return unwritable(dir, err)
	}
	defer lock.Close()
	if _, err := c.status(ctx); !errors.Is(err, errNoSupervisor) {
		return err
	}
	return spawn(ctx, cfg, o)
}

// spawn starts a supervisor, detached, and waits until it listens.
func spawn(ctx context.Context, cfg *config.Config, o StartOptions) error {
	path := filepath.Join(cfg.Paths.RuntimeDir, "supervisor.log")
	log, err := openLog(path)
	if err != nil {
		return unwritable(cfg.Paths.RuntimeDir, err)
	}
	defer log.Close()
	logFrom := logfile.End(path)
	boot, notify, err := os.Pipe()
	if err != nil {
		return fault.New("supervisor-failed", "start the supervisor: %w", err)
	}
	defer boot.Close()
	cmd := supervisorCommand(cfg, o, notify)
	cmd.Stdout, cmd.Stderr = log, log
	err = cmd.Start()
	_ = notify.Close() // the child has it
	if err != nil {
		return fault.New("supervisor-failed", "start the supervisor: %w", err)
	}
	pid := cmd.Process.Pid
	_ = cmd.Process.Release() // it outlives this command
	line, err := readBoot(ctx, boot)
	if ctx.Err() != nil {
		return context.Cause(ctx) // it ends by itself when no command comes
	}
	if err != nil {
		process.Reap(pid)
		lines, _ := logfile.Last(path, logFrom, failureLines)
		return fault.New("supervisor-failed", "the supervisor ended while it started: %s", strings.Join(lines[max(0, len(lines)-1):], "")).
			WithHint("see %s", log.Name()).WithDetail(Failure{Service: "supervisor", Log: lines, LogFile: log.Name()})
	}
	return line.Fault.error()
}

// supervisorCommand is `<self> supervisor:run …` in a session of its own, so
// that the end of the terminal does not reach it. Descriptor 3 is for its
// first word, 4 the lifeline.
func supervisorCommand(cfg *config.Config, o StartOptions, notify *os.File) *exec.Cmd {
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
	cmd := exec.Command(self, args...) //nolint:gosec // this program itself
	cmd.Dir = cfg.Dir
	cmd.ExtraFiles = files
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	cmd.Env = append(withoutSwitches(o.Environ), trust.Variable+"="+digestOf(cfg, o.Environ))
	return cmd
}

// digestOf names what the supervisor of cfg will find in its file: the caller
// trusts it. A caller may have changed its own copy, to try something.
func digestOf(cfg *config.Config, environ []string) string {
	getenv := os.Getenv
	if environ != nil {
		getenv = func(name string) string { return lastValue(environ, name) }
	}
	if cfg.File != "" {
		if loaded, err := config.Load(cfg.File, getenv); err == nil {
			cfg = loaded
		}
	}
	return trust.SurfaceOf(cfg, getenv("HOME")).Digest()
}

// lastValue finds a variable in an environment; the last one counts, as in exec.
func lastValue(environ []string, name string) (value string) {
	for _, entry := range environ {
		if v, ok := strings.CutPrefix(entry, name+"="); ok {
			value = v
		}
	}
	return value
}

// withoutSwitches is an environment without what steers the command that calls
// and must not steer the supervisor.
func withoutSwitches(environ []string) []string {
	if environ == nil {
		environ = os.Environ()
	}
	kept := make([]string, 0, len(environ))
	for _, entry := range environ {
		name, _, _ := strings.Cut(entry, "=")
		if !strings.HasPrefix(name, "MAGEFILE_") && name != "FLOWGATE_CONFIG" && name != "FLOWGATE_FORMAT" && name != markName && name != trust.Variable {
			kept = append(kept, entry)
		}
	}
	return kept
}

// readBoot waits for the supervisor's first word.
func readBoot(ctx context.Context, boot *os.File) (bootLine, error) {
	stop := context.AfterFunc(ctx, func() { _ = boot.SetReadDeadline(time.Unix(1, 0)) })
	defer stop()
	raw, err := io.ReadAll(io.LimitReader(boot, 1<<20))
	if err != nil {
		return bootLine{}, err
	}
	var line bootLine
	return line, json.Unmarshal(raw, &line) // nothing read is an error here
}

// InheritedFile is the file behind a descriptor that this process was given, as
// the flags -notify and -lifeline of supervisor:run name one. It is kept from
// this process's own children, and a Close ends a Read on it.
func InheritedFile(fd int) (*os.File, error) {
	if fd < 3 {
		return nil, fault.Usage("flag-invalid", "descriptor %d is no inherited file", fd)
	}
	unix.CloseOnExec(fd)
	if err := unix.SetNonblock(fd, true); err != nil {
		return nil, fault.Usage("flag-invalid", "descriptor %d: %w", fd, err)
	}
	return os.NewFile(uintptr(fd), "inherited"), nil
}
