package supervisor

import (
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// roomWanted is how many bytes must go into a new file beside the logs for
// their disk to count as one with room.
const roomWanted = 32 << 10

// room knows whether the disk of the services' logs has any. They write to
// their logs themselves, so what a full disk costs them nobody counts: system
// calls of a process are counted by the kernel, but those to its log not apart
// from those to its connections. How long the disk was full can be said.
type room struct {
	dir  string
	seen time.Time       // when there was room last
	full map[string]bool // services that ran while there was none; nil: there is room
}

// gap is a time in which lines of logs may have been lost.
type gap struct {
	from, to time.Time
	services map[string]bool
}

func (g gap) String() string {
	return fmt.Sprintf("the disk was full for up to %v, from %s to %s: lines that were written then may be missing or cut short",
		g.to.Sub(g.from).Round(time.Millisecond), g.from.UTC().Format(stampLayout), g.to.UTC().Format(stampLayout))
}

// look notes whether there is room; suspect says that something could not be
// written. It returns the gap that has ended, if one has.
func (r *room) look(suspect bool, running []string) (ended gap, over bool) {
	full := (suspect || r.full != nil || r.scarce()) && r.refuses()
	switch at := time.Now(); {
	case full:
		if r.full == nil {
			r.full = map[string]bool{}
		}
		for _, name := range running {
			r.full[name] = true
		}
		return gap{}, false
	default:
		ended, over = gap{r.seen, at, r.full}, r.full != nil
		r.seen, r.full = at, nil
		return ended, over
	}
}

// scarce reports a file system that says it has no room for us. One that counts
// no blocks has no bounds.
func (r *room) scarce() bool {
	var fs unix.Statfs_t
	if unix.Statfs(r.dir, &fs) != nil || fs.Blocks == 0 {
		return false
	}
	free := fs.Bavail
	if os.Geteuid() == 0 {
		free = fs.Bfree
	}
	return free < max(1, roomWanted/uint64(max(fs.Bsize, 512))) // ZFS counts in blocks that are larger
}

// refuses tries to write as the services do. A file that cannot even be made
// says nothing: theirs are open.
func (r *room) refuses() bool {
	file, err := os.CreateTemp(r.dir, ".room-*")
	if err != nil {
		return r.scarce()
	}
	defer file.Close()
	_ = os.Remove(file.Name())
	_, err = file.Write(make([]byte, roomWanted))
	err = errors.Join(err, file.Sync()) // some file systems say it late
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)
}

// losing reports events that could not be written yet.
func (l *eventLog) losing() bool {
	l.writing.Lock()
	defer l.writing.Unlock()
	return l.lost > 0
}

// watchRoom says of every service that ran while the disk was full that its
// log has a gap, as soon as there is room to say it.
func (r *resident) watchRoom() {
	var running []string
	for _, u := range r.all() {
		if u.snap.Load().PID != 0 {
			running = append(running, u.name)
		}
	}
	ended, over := r.room.look(r.events.losing() || r.unwritten.Load(), running)
	if !over {
		return
	}
	for _, u := range r.all() {
		if ended.services[u.name] {
			r.events.emit(Event{Event: EventLogGap, Service: u.name, Result: "error", Detail: ended.String()})
		}
	}
}
