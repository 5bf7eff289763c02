package daemon

import "github.com/flowgate-go/flowgate/supervisor/control"

// watchRoom says of every service that ran while the disk was full that its
// log has a gap, as soon as there is room to say it.
func (r *resident) watchRoom() {
	var running []string
	for _, u := range r.all() {
		if u.Snapshot.Load().PID != 0 {
			running = append(running, u.Name)
		}
	}
	ended, over := r.disk.Observe(r.events.HasUnwritten() || r.unwritten.Load(), running)
	if !over {
		return
	}
	for _, u := range r.all() {
		if ended.Services[u.Name] {
			r.events.Emit(control.Event{Event: control.EventLogGap, Service: u.Name, Result: "error", Detail: ended.String()})
		}
	}
}
