package supervisor

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/process"
	"github.com/flowgate-go/flowgate/internal/runtimes"
)

// launch executes a service in a process group of its own. Its output goes
// straight to its log file, not through a pipe, so that it does not depend on
// the supervisor.
func launch(ctx context.Context, p *plan) (*instance, error) {
	spec, err := runtimes.Command(p.cfg, p.svc, p.env)
	if err != nil {
		return nil, err
	}
	if err := checkPort(ctx, p.svc); err != nil {
		return nil, err
	}
	if spec.OwnDir {
		if err := os.MkdirAll(spec.Dir, 0o700); err != nil {
			return nil, unwritable(p.cfg.Paths.RuntimeDir, err)
		}
	}
	output, start, err := openLog(logPath(p.cfg, p.svc.Name))
	if err != nil {
		return nil, unwritable(p.cfg.Paths.RuntimeDir, err)
	}
	defer output.Close()
	cmd := exec.Command(spec.Args[0], spec.Args[1:]...) //nolint:gosec // what the configuration names is what is to be run
	cmd.Dir, cmd.Env = spec.Dir, spec.Env
	cmd.Stdout, cmd.Stderr = output, output
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		return nil, fault.New("start-failed", "execute service %q: %w", p.svc.Name, err).
			WithHint("try it by hand in %s", spec.Dir).WithDetail(Failure{
			Service: p.svc.Name, Port: p.svc.Port, Log: []string{}, LogFile: output.Name()})
	}
	return watch(cmd, spec, p.svc, output.Name(), start), nil
}

// checkPort refuses a port that somebody else holds, and says who.
func checkPort(ctx context.Context, svc config.Service) error {
	bindErr := process.PortFree(ctx, svc.Addr())
	if bindErr == nil {
		return nil
	}
	failure := Failure{Service: svc.Name, Port: svc.Port, Log: []string{}}
	if !errors.Is(bindErr, syscall.EADDRINUSE) {
		return fault.New("port-unusable", "service %q cannot listen on %s: %w", svc.Name, svc.Addr(), bindErr).
			WithHint("choose another host or port for services.%s", svc.Name).WithDetail(failure)
	}
	// Who holds it is a help for people: not knowing changes nothing.
	if h, ok, err := process.Listener(svc.Host, svc.Port); ok && err == nil {
		failure.Holder = &h
	}
	f := fault.New("port-in-use", "service %q cannot listen on %s: %s has it", svc.Name, svc.Addr(), name(failure.Holder))
	f.Err = bindErr
	return f.WithHint("stop that process, or give services.%s.port another number", svc.Name).WithDetail(failure)
}

// name says who a holder is, for people.
func name(h *process.Holder) string {
	switch {
	case h == nil:
		return "another process"
	case h.PID == 0:
		return fmt.Sprintf("a process of user %s", h.User)
	default:
		return fmt.Sprintf("process %d (%s, user %s)", h.PID, h.Command, h.User)
	}
}

func logPath(cfg *config.Config, service string) string {
	return filepath.Join(cfg.Paths.ProcessLogs(), service+".log")
}

// openLog opens a service's log for appending and says where its new lines begin.
func openLog(path string) (*os.File, int64, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, 0, err
	}
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600)
	if err != nil {
		return nil, 0, err
	}
	info, err := file.Stat()
	if err != nil {
		_ = file.Close()
		return nil, 0, err
	}
	return file, info.Size(), nil
}

// exitOf reads how a process that was waited for ended.
func exitOf(state *os.ProcessState) Exit {
	exit := Exit{Code: state.ExitCode(), At: time.Now().UTC().Truncate(time.Millisecond)}
	if ws, ok := state.Sys().(syscall.WaitStatus); ok && ws.Signaled() {
		exit.Signal = ws.Signal().String()
	}
	if exit.Code < 0 && exit.Signal == "" {
		exit.Signal = "unknown " + strconv.Itoa(exit.Code)
	}
	return exit
}
