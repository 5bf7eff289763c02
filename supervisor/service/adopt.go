package service

import (
	"context"

	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/probe"
	"github.com/flowgate-go/flowgate/supervisor/control"
	"github.com/flowgate-go/flowgate/supervisor/ledger"
	"github.com/flowgate-go/flowgate/supervisor/service/instance"
)

// Adopt has Run begin with a process that an earlier supervisor started, and go
// on with what that one was doing with it. Call it before Run.
func (r *Runner) Adopt(request *instance.StartRequest, e ledger.Entry) {
	r.request = request
	r.restore(e)
	r.publish(func(s *Snapshot) { // at once: the first ledger that is written must name the process
		if s.State == control.StateStopped { // the ledger did not know the process, or is of version 1
			s.State = control.StateRunning
		}
		s.Identity, s.PID, s.Live, s.StartedAt, s.LogFrom = e.Process, e.Process.PID, true, &e.StartedAt, e.LogFrom
		s.Loaded = e.Loaded
	})
	r.first = func(context.Context) phase { return r.adoptProcess(e) }
}

// ResumeFailed has Run begin with a service that an earlier supervisor gave up.
// Call it before Run.
func (r *Runner) ResumeFailed(request *instance.StartRequest, e ledger.Entry) {
	r.request = request
	r.restore(e)
}

// ResumeLost has Run begin with a service whose process ended while no supervisor
// ran: it is restarted within its limit. Call it before Run.
func (r *Runner) ResumeLost(request *instance.StartRequest, e ledger.Entry) {
	r.request, r.wasReady = request, true
	r.restore(e)
	r.first = func(context.Context) phase { return r.restartLost(e) }
}

// restartLost restarts a service after an end that no supervisor saw.
func (r *Runner) restartLost(e ledger.Entry) phase {
	if e.State == control.StateRunning {
		exit := ledger.UnknownExit(ledger.Timestamp())
		r.publish(func(s *Snapshot) { s.LastExit = &exit })
	}
	return r.retryOrGiveUp(probe.Exited, fault.New("service-exited", "service %q ended while no supervisor ran", r.name).
		WithHint("mage logs %s shows its last lines", r.name))
}

// restore publishes the state that the ledger holds.
func (r *Runner) restore(e ledger.Entry) {
	r.budget = e.Spent
	r.publish(func(s *Snapshot) {
		if e.State != "" {
			s.State = e.State
		}
		s.Restarts, s.LastExit, s.Reason, s.Decision = e.Restarts, e.LastExit, e.Reason, e.Decision
	})
}

// adoptProcess takes over a running process. Its next probe says whether it is
// ready.
func (r *Runner) adoptProcess(e ledger.Entry) phase {
	p := instance.Adopt(r.request, e)
	r.setProcess(p)
	switch e.State {
	case control.StateStopping:
		return r.stop(nil)
	case control.StateStarting:
		r.wasReady = e.Restarts > 0
		return r.waitUntilReady
	}
	close(p.FirstReady)
	r.wasReady = true
	r.publish(func(s *Snapshot) {
		s.State, s.Reason = control.StateRunning, "adopted, and not asked yet whether it is ready"
	})
	return r.watchRunning
}
