package instance

import (
	"context"
	"errors"
	"os"
	"slices"
	"syscall"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/logfile"
	"github.com/flowgate-go/flowgate/internal/process"
	"github.com/flowgate-go/flowgate/internal/runtimestore"
	"github.com/flowgate-go/flowgate/internal/tcp"
	"github.com/flowgate-go/flowgate/supervisor/control"
	"github.com/flowgate-go/flowgate/supervisor/ledger"
)

// Launch executes a service in a process group of its own. Its output goes
// straight to its log file, not through a pipe, so that it does not depend on
// the supervisor.
func Launch(ctx context.Context, p *StartRequest) (*Process, error) {
	spec, err := p.verifiedCommand()
	if err != nil {
		return nil, err
	}
	if err := checkPort(ctx, p.Service); err != nil {
		return nil, err
	}
	if spec.OwnDir {
		if err := os.MkdirAll(spec.Dir, 0o700); err != nil {
			return nil, control.UnwritableFault(p.Config.Paths.RuntimeDir, err)
		}
	}
	output, err := control.OpenLog(control.LogPath(p.Config, p.Service.Name))
	if err != nil {
		return nil, control.UnwritableFault(p.Config.Paths.RuntimeDir, err)
	}
	defer output.Close()
	input, err := os.Open(os.DevNull)
	if err != nil {
		return nil, p.execFault(err, spec.Dir)
	}
	defer input.Close()
	mark := ledger.Mark(p.Config.Paths.RuntimeDir, p.Service.Name)
	run := &Process{Spec: spec, cfg: p.Config, census: p.Census, LogFile: output.Name(), LogFrom: logfile.EndOffset(output.Name()), Started: ledger.Timestamp()}
	run.LogInfo, _ = output.Stat()
	child, err := os.StartProcess(spec.Args[0], spec.Args, &os.ProcAttr{
		Dir: spec.Dir, Env: append(slices.Clone(spec.Env), ledger.MarkVariable+"="+mark), Files: []*os.File{input, output, output},
		Sys: &syscall.SysProcAttr{Setpgid: true},
	})
	if err != nil {
		return nil, p.execFault(err, spec.Dir)
	}
	run.family.Mark = mark
	run.handle, run.family.Leader = process.HoldChild(child.Pid)
	run.rejoinCensus = p.Census.Exempt(child.Pid)
	_ = child.Release() // hold is all that is needed; each child has to close what its parent has open
	run.watch(p.Service)
	return run, nil
}

// Adopt begins to watch the process of a ledger's entry, which an earlier
// supervisor executed.
func Adopt(p *StartRequest, e ledger.Entry) *Process {
	spec, _ := runtimestore.Command(p.Config, p.Service, p.Env) // used only for the runtime's version
	run := &Process{
		Spec: spec, family: process.Family{Leader: e.Process, Mark: ledger.Mark(p.Config.Paths.RuntimeDir, p.Service.Name)},
		cfg: p.Config, census: p.Census,
		Started: e.StartedAt, LogFile: control.LogPath(p.Config, p.Service.Name), LogFrom: e.LogFrom,
	}
	run.LogInfo, _ = os.Stat(run.LogFile)
	run.watch(p.Service)
	return run
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
	failure := control.Failure{Service: svc.Name, Port: svc.Port, Log: []string{}}
	if !errors.Is(bindErr, syscall.EADDRINUSE) {
		return fault.New("port-unusable", "service %q cannot listen on %s: %w", svc.Name, svc.Addr(), bindErr).
			WithHint("choose another host or port for services.%s", svc.Name).WithDetail(failure)
	}
	// Who holds it is a help for people: not knowing changes nothing.
	if h, ok, err := tcp.FindListener(svc.Host, svc.Port); ok && err == nil {
		failure.Holder = &h
	}
	f := fault.New("port-in-use", "service %q cannot listen on %s: %s has it", svc.Name, svc.Addr(), failure.Holder)
	f.Err = bindErr
	return f.WithHint("stop that process, or give services.%s.port another number", svc.Name).WithDetail(failure)
}

// exitFromWait reads how a process that was waited for ended.
func exitFromWait(status syscall.WaitStatus) control.Exit {
	exit := control.Exit{Code: status.ExitStatus(), At: ledger.Timestamp()}
	if status.Signaled() {
		exit.Signal = status.Signal().String()
	}
	return exit
}
