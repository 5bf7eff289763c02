package instance

import (
	"context"
	"errors"
	"syscall"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/tcp"
	"github.com/flowgate-go/flowgate/supervisor/control"
)

// checkPort returns a fault when another process has the service's port, and
// names that process. Faults: port-in-use, port-unusable.
func checkPort(ctx context.Context, svc config.Service) error {
	if svc.Port == 0 { // the service does not listen
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
	// The holder only helps people to find the cause, so an error does not matter.
	if holder, found, err := tcp.FindListener(svc.Host, svc.Port); found && err == nil {
		failure.Holder = &holder
	}
	f := fault.New("port-in-use", "service %q cannot listen on %s: %s has it", svc.Name, svc.Addr(), failure.Holder)
	f.Err = bindErr
	return f.WithHint("stop that process, or give services.%s.port another number", svc.Name).WithDetail(failure)
}

// CheckListener reports whether the process, or one that it started, listens on
// the service's port. A foreign process there is the fault listener-foreign. No
// listener is not an error: it may just be replaced.
func (p *Process) CheckListener(svc config.Service) (bool, error) {
	pid := p.Leader().PID
	if svc.Port == 0 || tcp.IsListening(pid, svc.Host, svc.Port) {
		return true, nil
	}
	holder, found, err := tcp.FindListener(svc.Host, svc.Port)
	if err != nil || !found {
		return false, nil //nolint:nilerr // an unknown listener counts as none
	}
	if p.hasMember(holder.PID) {
		return true, nil
	}
	failure := p.Failure(svc, nil)
	failure.Holder = &holder
	return false, fault.New("listener-foreign", "service %q runs, but %s answers on its address %s",
		svc.Name, &holder, svc.Addr()).
		WithHint("stop that process, or give services.%s.port another number", svc.Name).WithDetail(failure)
}
