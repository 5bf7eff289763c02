package service

import (
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/probe"
	"github.com/flowgate-go/flowgate/supervisor/control"
	"github.com/flowgate-go/flowgate/supervisor/ledger"
	"github.com/flowgate-go/flowgate/supervisor/service/instance"
)

// Lost is the end of a process that nobody saw.
func (u *Runner) Lost(e ledger.Entry) Phase {
	if e.State == control.StateRunning {
		exit := ledger.Unseen(ledger.Timestamp())
		u.publish(func(s *Snapshot) { s.LastExit = &exit })
	}
	return u.retryOrGiveUp(probe.Exited, fault.New("service-exited", "service %q ended while no supervisor ran", u.Name).
		WithHint("mage logs %s shows its last lines", u.Name))
}

// Restore shows what the ledger knows.
func (u *Runner) Restore(e ledger.Entry) {
	u.budget = e.Spent
	u.publish(func(s *Snapshot) {
		if e.State != "" {
			s.State = e.State
		}
		s.Restarts, s.LastExit, s.Reason, s.Decision = e.Restarts, e.LastExit, e.Reason, e.Decision
	})
}

// Adopt takes over a process that runs, and goes on with what was being done
// with it. Whether it is ready says its next probe.
func (u *Runner) Adopt(e ledger.Entry) Phase {
	run := instance.Adopt(u.Request, e)
	u.Restore(e)
	u.setProcess(run)
	switch e.State {
	case control.StateStopping:
		return u.stop(nil)
	case control.StateStarting:
		u.WasReady = e.Restarts > 0
		return u.waitUntilReady
	}
	close(run.BecameReady)
	u.WasReady = true
	u.publish(func(s *Snapshot) {
		s.State, s.Reason = control.StateRunning, "adopted, and not asked yet whether it is ready"
	})
	return u.watchRunning
}
