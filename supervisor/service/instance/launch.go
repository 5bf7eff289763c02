package instance

import (
	"context"
	"os"
	"slices"
	"syscall"

	"github.com/flowgate-go/flowgate/internal/logfile"
	"github.com/flowgate-go/flowgate/internal/process"
	"github.com/flowgate-go/flowgate/internal/runtimestore"
	"github.com/flowgate-go/flowgate/supervisor/control"
	"github.com/flowgate-go/flowgate/supervisor/drift"
	"github.com/flowgate-go/flowgate/supervisor/ledger"
)

// Launch executes a service in a process group of its own and begins to watch it.
// The process writes to its log file itself, not through a pipe, so that it does
// not depend on the supervisor. Faults: those of runtimestore.Command and
// store.VerifyProgram, port-in-use, port-unusable, runtime-dir-unwritable,
// start-failed.
func Launch(ctx context.Context, r *StartRequest) (*Process, error) {
	spec, err := r.verifiedCommand()
	if err != nil {
		return nil, err
	}
	if err := r.checkUpstreamFile(); err != nil {
		return nil, err
	}
	if err := checkPort(ctx, r.Service); err != nil {
		return nil, err
	}
	if spec.OwnDir {
		if err := os.MkdirAll(spec.Dir, 0o700); err != nil {
			return nil, control.UnwritableFault(r.Config.Paths.RuntimeDir, err)
		}
	}
	log, err := control.OpenLog(control.LogPath(r.Config, r.Service.Name))
	if err != nil {
		return nil, control.UnwritableFault(r.Config.Paths.RuntimeDir, err)
	}
	defer log.Close()
	p := newProcess(r, spec)
	p.LogFrom, p.Started = logfile.EndOffset(log.Name()), ledger.Timestamp()
	p.LogInfo, _ = log.Stat()
	p.Loaded = drift.Record(r.Config, r.Service)
	child, err := startChild(spec, p.family.Mark, log)
	if err != nil {
		return nil, r.execFault(err, spec.Dir)
	}
	p.handle, p.family.Leader = process.HoldChild(child.Pid)
	p.rejoinCensus = r.Census.Exempt(child.Pid)
	_ = child.Release() // the handle is enough, and each later child would have to close this one's descriptor
	p.watch(r.Service)
	return p, nil
}

// startChild executes a program with no input and its output in log.
func startChild(spec runtimestore.Spec, mark string, log *os.File) (*os.Process, error) {
	input, err := os.Open(os.DevNull)
	if err != nil {
		return nil, err
	}
	defer input.Close()
	return os.StartProcess(spec.Args[0], spec.Args, &os.ProcAttr{
		Dir: spec.Dir, Env: append(slices.Clone(spec.Env), ledger.MarkVariable+"="+mark),
		Files: []*os.File{input, log, log}, Sys: &syscall.SysProcAttr{Setpgid: true},
	})
}

// Adopt begins to watch the process of a ledger's entry, which an earlier
// supervisor executed.
func Adopt(r *StartRequest, e ledger.Entry) *Process {
	spec, _ := runtimestore.Command(r.Config, r.Service, r.Env) // used only for the runtime's version and for probes
	p := newProcess(r, spec)
	p.family.Leader, p.Started, p.LogFrom = e.Process, e.StartedAt, e.LogFrom
	p.Loaded = e.Loaded
	p.LogInfo, _ = os.Stat(p.logPath)
	p.watch(r.Service)
	return p
}

// newProcess returns a Process without an identity.
func newProcess(r *StartRequest, spec runtimestore.Spec) *Process {
	return &Process{
		Spec: spec, cfg: r.Config, census: r.Census, logPath: control.LogPath(r.Config, r.Service.Name),
		family: process.Family{Mark: ledger.Mark(r.Config.Paths.RuntimeDir, r.Service.Name)},
	}
}

// toExit returns how a process that was waited for ended.
func toExit(status syscall.WaitStatus) ledger.Exit {
	exit := ledger.Exit{Code: status.ExitStatus(), At: ledger.Timestamp()}
	if status.Signaled() {
		exit.Signal = status.Signal().String()
	}
	return exit
}
