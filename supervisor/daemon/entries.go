package daemon

import (
	"github.com/flowgate-go/flowgate/supervisor/control"
	"github.com/flowgate-go/flowgate/supervisor/ledger"
)

// entries are the services that a later supervisor must know of.
func (r *resident) entries() []ledger.Entry {
	list := []ledger.Entry{}
	for _, u := range r.all() {
		s := u.Snapshot.Load()
		if s.State == control.StateStopped {
			continue
		}
		e := ledger.Entry{
			Name: u.Name, Runtime: s.Runtime, Host: s.Service.Host, Port: s.Service.Port, Process: s.Identity, State: s.State, Restarts: s.Restarts,
			Spent: s.Budget, LastExit: s.LastExit, Reason: s.Reason, Decision: s.Decision, LogFrom: s.LogFrom,
		}
		if s.StartedAt != nil {
			e.StartedAt = *s.StartedAt
		}
		list = append(list, e)
	}
	return list
}

// ledger is how things stand.
func (r *resident) ledger() ledger.Ledger {
	return ledger.Ledger{Program: r.opts.Version, Supervisor: r.id, Socket: r.socket, Services: r.entries()}
}
