package instance

import (
	"errors"
	"fmt"
	"runtime"
	"syscall"
	"time"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/probe"
	"github.com/flowgate-go/flowgate/internal/process"
	"github.com/flowgate-go/flowgate/internal/runtimestore"
	"github.com/flowgate-go/flowgate/internal/store"
	"github.com/flowgate-go/flowgate/supervisor/control"
)

// StartRequest is what a start command wants of a service.
type StartRequest struct {
	Config  *config.Config
	Service config.Service
	Env     runtimestore.Environment
	Timeout time.Duration   // from exec to ready
	Command control.Request // as it came, for the next supervisor
	Census  *process.Census
}

// Explain makes the fault that people get of a failure of this service.
func (p *StartRequest) Explain(err error) *fault.Error {
	f := *fault.From(err)
	if f.Detail == nil {
		f.Detail = control.Failure{Service: p.Service.Name, Port: p.Service.Port, Log: []string{}, LogFile: control.LogPath(p.Config, p.Service.Name)}
	}
	return &f
}

// verifiedCommand returns what the service executes, after it checked that a
// program of the store is as it was installed. Faults: those of
// runtimestore.Command and store.VerifyProgram.
func (p *StartRequest) verifiedCommand() (runtimestore.Spec, error) {
	spec, err := runtimestore.Command(p.Config, p.Service, p.Env)
	if err != nil {
		return spec, err
	}
	return spec, store.VerifyProgram(p.Config, spec.Runtime, spec.Args[0])
}

// CheckExecutable reports what stands against the execution of a service, its
// running process left aside.
func (p *StartRequest) CheckExecutable() error {
	if _, err := p.verifiedCommand(); err != nil {
		return err
	}
	log, err := control.OpenLog(control.LogPath(p.Config, p.Service.Name))
	if err != nil {
		return control.UnwritableFault(p.Config.Paths.RuntimeDir, err)
	}
	return log.Close()
}

func (p *StartRequest) execFault(err error, dir string) error {
	return fault.New("start-failed", "execute service %q: %w", p.Service.Name, err).WithHint("%s", execHint(err, dir)).
		WithDetail(control.Failure{Service: p.Service.Name, Port: p.Service.Port, Log: []string{}, LogFile: control.LogPath(p.Config, p.Service.Name)})
}

// TimeoutFault is the fault of a service that was not ready in time; last is what
// its last probe found.
func TimeoutFault(p *StartRequest, last probe.Finding, failure control.Failure) error {
	why, hint := "nothing was heard from it", fmt.Sprintf("give it longer with -timeout, or read mage logs %s", p.Service.Name)
	if last.Err != nil {
		why = last.Err.Error()
	}
	if last.Evidence == probe.Refused {
		hint = fmt.Sprintf("it runs, and its readiness path wants a key that FlowGate does not have: name one without in services.%s.readiness_path", p.Service.Name)
	}
	return fault.New("start-timeout", "service %q was not ready within %v: %s", p.Service.Name, p.Timeout, why).
		WithHint("%s", hint).WithDetail(failure)
}

// execHint says what to do about a program that the system would not execute.
func execHint(err error, dir string) string {
	if errors.Is(err, syscall.ENOEXEC) {
		return fmt.Sprintf("it is no program for %s on %s: install the one for this machine", runtime.GOOS, runtime.GOARCH)
	}
	return "try it by hand in " + dir
}
