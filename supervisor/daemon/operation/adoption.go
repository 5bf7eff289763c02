package operation

import (
	"fmt"
	"maps"
	"slices"

	"github.com/samber/lo"

	"github.com/flowgate-go/flowgate/internal/boottime"
	"github.com/flowgate-go/flowgate/supervisor/control"
	"github.com/flowgate-go/flowgate/supervisor/ledger"
	"github.com/flowgate-go/flowgate/supervisor/service"
	"github.com/flowgate-go/flowgate/supervisor/service/instance"
)

// Adopt takes over what an earlier supervisor left: services that run keep
// running, services that ended meanwhile are restarted as after any end, services
// that were given up stay failed. requests are the commands that they were started by,
// where a handover brought them. Call it before the first command.
func (s *Services) Adopt(l ledger.Ledger, requests map[string]control.Request) {
	survivors := lo.KeyBy(ledger.Survivors(s.o.Config, l), func(e ledger.Entry) string { return e.Name })
	s.addServices(s.o.Config)
	for _, e := range l.Services {
		if _, runs := survivors[e.Name]; !runs {
			s.resume(e, requests, l.Supervisor.BootID == boottime.Now().BootID)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(survivors)) {
		e := survivors[name]
		s.adopted.Store(true)
		s.o.Emit(control.Event{
			Event: control.EventAdopted, Service: name, Result: "ok", Detail: fmt.Sprintf("process %d", e.Process.PID),
		})
		s.addRunner(e).Adopt(s.requestOf(e, requests), e)
	}
	for _, runner := range s.all() {
		s.run(runner)
	}
}

// resume continues with a service of the ledger that has no process. A service of an
// earlier boot stays stopped: the person who boots the machine decides what is to run.
func (s *Services) resume(e ledger.Entry, requests map[string]control.Request, sameBoot bool) {
	switch e.State {
	case control.StateFailed:
		s.addRunner(e).ResumeFailed(s.requestOf(e, requests), e)
	case control.StateRunning, control.StateBackoff, control.StateStarting:
		if sameBoot {
			s.addRunner(e).ResumeLost(s.requestOf(e, requests), e)
		}
	}
}

// addRunner returns the Runner of an entry. It adds one for a service that the
// configuration no longer has.
func (s *Services) addRunner(e ledger.Entry) *service.Runner {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.runners[e.Name] == nil {
		s.runners[e.Name] = s.newRunner(instance.ServiceOf(s.o.Config, e), s.o.Config)
		s.order = append(s.order, e.Name)
	}
	return s.runners[e.Name]
}

// requestOf returns how an entry is restarted: as its last start command wanted,
// where that was handed over, else by the present configuration.
func (s *Services) requestOf(e ledger.Entry, requests map[string]control.Request) *instance.StartRequest {
	q, handedOver := requests[e.Name]
	if !handedOver || q.Config == nil {
		q = control.Request{Config: s.o.Config}
	}
	return s.startRequest(instance.ServiceOf(q.Config, e), q)
}
