package operation

import (
	"context"
	"net"
	"slices"
	"strconv"

	"github.com/flowgate-go/flowgate/supervisor/control"
	"github.com/flowgate-go/flowgate/supervisor/service"
)

// checkRestartable returns the fault for which the start of one of the named services would
// fail: a restart with it would stop what works for nothing.
func (s *Services) checkRestartable(ctx context.Context, q control.Request, names []string) error {
	freed := s.freedAddresses(names)
	for _, svc := range q.Config.Services {
		if !slices.Contains(names, svc.Name) {
			continue
		}
		r := s.startRequest(svc, q)
		err := r.CheckExecutable()
		if err == nil && !slices.Contains(freed, svc.Addr()) {
			err = r.CheckPort(ctx)
		}
		if err != nil {
			return r.AddFailure(err)
		}
	}
	return nil
}

// freedAddresses returns the addresses that a stop of the named services makes free.
func (s *Services) freedAddresses(names []string) (addresses []string) {
	for _, snapshot := range s.Snapshots() {
		if slices.Contains(names, snapshot.Name) && holdsPort(snapshot) {
			addresses = append(addresses, net.JoinHostPort(snapshot.Service.Host, strconv.Itoa(snapshot.Service.Port)))
		}
	}
	return addresses
}

// holdsPort reports whether a service has a process, which may listen.
func holdsPort(s *service.Snapshot) bool { return s.PID != 0 && s.Live }
