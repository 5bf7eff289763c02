package supervisor

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/logfile"
	"github.com/flowgate-go/flowgate/internal/process"
	"github.com/flowgate-go/flowgate/internal/runtimestore"
	"github.com/flowgate-go/flowgate/internal/store"
	"github.com/flowgate-go/flowgate/internal/tcp"
)

// markName is the variable by which a service's processes are found again when
// nothing else is known of them: the runtime folder, a colon, the service.
const markName = "FLOWGATE_SERVICE"

func markOf(runtimeDir, service string) string { return runtimeDir + ":" + service }

func newCensus() *process.Census { return &process.Census{Variable: markName} }

// launch executes a service in a process group of its own. Its output goes
// straight to its log file, not through a pipe, so that it does not depend on
// the supervisor.
func launch(ctx context.Context, p *plan) (*instance, error) {
	spec, err := p.verified()
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
	output, err := openLog(logPath(p.cfg, p.svc.Name))
	if err != nil {
		return nil, unwritable(p.cfg.Paths.RuntimeDir, err)
	}
	defer output.Close()
	input, err := os.Open(os.DevNull)
	if err != nil {
		return nil, p.unexecuted(err, spec.Dir)
	}
	defer input.Close()
	mark := markOf(p.cfg.Paths.RuntimeDir, p.svc.Name)
	run := &instance{spec: spec, cfg: p.cfg, census: p.census, log: output.Name(), logFrom: logfile.End(output.Name()), started: now()}
	run.logFile, _ = output.Stat()
	child, err := os.StartProcess(spec.Args[0], spec.Args, &os.ProcAttr{
		Dir: spec.Dir, Env: append(slices.Clone(spec.Env), markName+"="+mark), Files: []*os.File{input, output, output},
		Sys: &syscall.SysProcAttr{Setpgid: true},
	})
	if err != nil {
		return nil, p.unexecuted(err, spec.Dir)
	}
	run.family.Mark = mark
	run.hold, run.family.Leader = process.HoldChild(child.Pid)
	run.counted = p.census.Exempt(child.Pid)
	_ = child.Release() // hold is all that is needed; each child has to close what its parent has open
	run.watch(p.svc)
	return run, nil
}

// verified returns what the service executes, after a look at the program in the
// store: it is as it was installed. Faults: those of runtimestore.Command and
// store.VerifyProgram.
func (p *plan) verified() (runtimestore.Spec, error) {
	spec, err := runtimestore.Command(p.cfg, p.svc, p.env)
	if err != nil {
		return spec, err
	}
	return spec, store.VerifyProgram(p.cfg, spec.Runtime, spec.Args[0])
}

func (p *plan) unexecuted(err error, dir string) error {
	return fault.New("start-failed", "execute service %q: %w", p.svc.Name, err).WithHint("%s", toExecute(err, dir)).
		WithDetail(Failure{Service: p.svc.Name, Port: p.svc.Port, Log: []string{}, LogFile: logPath(p.cfg, p.svc.Name)})
}

// checkPort refuses a port that somebody else holds, and says who.
func checkPort(ctx context.Context, svc config.Service) error {
	if svc.Port == 0 { // a service that listens nowhere
		return nil
	}
	bindErr := tcp.CheckFree(ctx, svc.Addr())
	if bindErr == nil {
		return nil
	}
	failure := Failure{Service: svc.Name, Port: svc.Port, Log: []string{}}
	if !errors.Is(bindErr, syscall.EADDRINUSE) {
		return fault.New("port-unusable", "service %q cannot listen on %s: %w", svc.Name, svc.Addr(), bindErr).
			WithHint("choose another host or port for services.%s", svc.Name).WithDetail(failure)
	}
	// Who holds it is a help for people: not knowing changes nothing.
	if h, ok, err := tcp.FindListener(svc.Host, svc.Port); ok && err == nil {
		failure.Holder = &h
	}
	f := fault.New("port-in-use", "service %q cannot listen on %s: %s has it", svc.Name, svc.Addr(), name(failure.Holder))
	f.Err = bindErr
	return f.WithHint("stop that process, or give services.%s.port another number", svc.Name).WithDetail(failure)
}

// name says who a holder is, for people.
func name(h *tcp.Holder) string {
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

// openLog opens a service's log for appending.
func openLog(path string) (*os.File, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, err
	}
	return os.OpenFile(path, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600)
}

// exitOf reads how a process that was waited for ended.
func exitOf(status syscall.WaitStatus) Exit {
	exit := Exit{Code: status.ExitStatus(), At: now()}
	if status.Signaled() {
		exit.Signal = status.Signal().String()
	}
	return exit
}

// now is the time as reports have it.
func now() time.Time { return time.Now().UTC().Truncate(time.Millisecond) }
