package supervisor

import (
	"time"

	"github.com/flowgate-go/flowgate/internal/process"
)

// collect takes in the process that ended by itself: its group is swept at once.
func (u *unit) collect() Exit {
	exit := u.run.collect(time.Time{})
	u.processGone(exit)
	u.emit(Event{Event: EventExited, Service: u.name, Result: "error", Detail: exit.String()})
	return exit
}

// endProcess ends the process, if there is one, and says how that went.
func (u *unit) endProcess(grace time.Duration) string {
	if u.run == nil {
		return ""
	}
	exit, killed := u.run.terminate(grace)
	u.run = nil
	u.processGone(exit)
	if killed {
		return "killed: it did not end within " + grace.String()
	}
	return exit.String()
}

func (u *unit) processGone(exit Exit) {
	u.publish(func(s *snapshot) {
		s.id, s.PID, s.Live, s.Ready, s.StartedAt, s.LastExit = process.Identity{}, 0, false, false, nil, &exit
	})
	u.recordChange()
}

// recordChange writes the ledger after a process came or went. A disk that is
// full does not stop the services; only a kill of the supervisor would show it.
func (u *unit) recordChange() {
	if err := u.record(); err != nil {
		u.emit(Event{Event: EventUnrecorded, Service: u.name, Result: "error", Detail: err.Error()})
	}
}
