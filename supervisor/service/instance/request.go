package instance

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"syscall"
	"time"

	"github.com/flowgate-go/flowgate/internal/cliproxy"
	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/probe"
	"github.com/flowgate-go/flowgate/internal/process"
	"github.com/flowgate-go/flowgate/internal/program"
	"github.com/flowgate-go/flowgate/internal/runtimestore"
	"github.com/flowgate-go/flowgate/internal/store"
	"github.com/flowgate-go/flowgate/supervisor/control"
)

// StartRequest says how to start one service, and its restarts.
type StartRequest struct {
	Config  *config.Config
	Service config.Service
	Env     runtimestore.Environment
	Timeout time.Duration   // from exec to ready
	Command control.Request // the command as it was received, for a handover
	Census  *process.Census
}

// AddFailure returns the fault of err with a Failure as its detail, unless it has a
// detail.
func (r *StartRequest) AddFailure(err error) *fault.Error {
	f := *fault.From(err)
	if f.Detail == nil {
		f.Detail = r.emptyFailure()
	}
	return &f
}

// emptyFailure returns the failure of a service that has no process.
func (r *StartRequest) emptyFailure() control.Failure {
	return control.Failure{
		Service: r.Service.Name, Port: r.Service.Port,
		Log: []string{}, LogFile: control.LogPath(r.Config, r.Service.Name),
	}
}

// verifiedCommand returns what the service executes, after it checked that a
// program of the store is as it was installed. Faults: those of
// runtimestore.Command and store.VerifyProgram.
func (r *StartRequest) verifiedCommand() (runtimestore.Spec, error) {
	spec, err := runtimestore.Command(r.Config, r.Service, r.Env)
	if err != nil {
		return spec, err
	}
	return spec, store.VerifyProgram(r.Config, spec.Runtime, spec.Args[0])
}

// CheckExecutable returns the fault that Launch would return for the service's
// program or log. It does not look at the port, which a running process may have:
// see CheckPort.
func (r *StartRequest) CheckExecutable() error {
	if _, err := r.verifiedCommand(); err != nil {
		return err
	}
	if err := r.checkUpstreamFile(); err != nil {
		return err
	}
	log, err := control.OpenLog(control.LogPath(r.Config, r.Service.Name))
	if err != nil {
		return control.UnwritableFault(r.Config.Paths.RuntimeDir, err)
	}
	return log.Close()
}

// CheckPort returns the fault that Launch would return for the service's port.
func (r *StartRequest) CheckPort(ctx context.Context) error { return checkPort(ctx, r.Service) }

// checkUpstreamFile returns the fault cliproxy-config-invalid when CLIProxyAPI would not start
// with its own file, or would listen elsewhere than it is asked. It would exit with status 0.
func (r *StartRequest) checkUpstreamFile() error {
	if r.Service.Runtime != config.RuntimeCLIProxyAPI {
		return nil
	}
	file, err := cliproxy.ReadFile(r.Config.CLIProxyConfigFile)
	if err != nil {
		return fault.Usage("cliproxy-config-invalid", "service %q: its own configuration file: %w", r.Service.Name, err).
			WithHint("correct that file; mage doctor names its other problems")
	}
	if file.Port != r.Service.Port {
		return fault.Usage("cliproxy-config-invalid", "service %q: %s has port: %d, and services.%s.port is %d",
			r.Service.Name, r.Config.CLIProxyConfigFile, file.Port, r.Service.Name, r.Service.Port).
			WithHint("write the same port in both")
	}
	return nil
}

// execFault returns the fault of a program that could not be executed in dir.
func (r *StartRequest) execFault(err error, dir string) error {
	return fault.New("start-failed", "execute service %q: %w", r.Service.Name, err).
		WithHint("%s", execHint(err, dir)).WithDetail(r.emptyFailure())
}

// execHint returns the hint for the failed exec of a program in dir.
func execHint(err error, dir string) string {
	if errors.Is(err, syscall.ENOEXEC) {
		return fmt.Sprintf("it is not a program for %s on %s: install the one for this machine", runtime.GOOS, runtime.GOARCH)
	}
	return "try it by hand in " + dir
}

// TimeoutFault returns the fault of a service that was not ready in time; last is
// what its last probe found.
func (r *StartRequest) TimeoutFault(last probe.Finding, failure control.Failure) error {
	why := "it did not answer any probe"
	hint := fmt.Sprintf(program.Format("give it longer with -timeout, or read mage logs %s"), r.Service.Name)
	if last.Err != nil {
		why = last.Err.Error()
	}
	if last.Evidence == probe.Refused {
		hint = fmt.Sprintf("it runs, and its readiness path wants a key that FlowGate does not have: "+
			"set services.%s.readiness_path to a path that needs no key", r.Service.Name)
	}
	return fault.New("start-timeout", "service %q was not ready within %v: %s", r.Service.Name, r.Timeout, why).
		WithHint("%s", hint).WithDetail(failure)
}
