package supervisor

import (
	"context"
	"errors"
	"net"
	"os"
	"strconv"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/flowgate-go/flowgate/internal/logfile"
)

// keepEvery is the time between two looks at the folder and its logs.
const keepEvery = time.Second

// errSuperseded ends a supervisor whose folder another one has. That one has
// adopted the services.
var errSuperseded = errors.New("another supervisor has the runtime folder")

// keep bounds the logs and holds on to the folder until ctx ends. A socket that
// it had to open anew is given to answer.
func (r *resident) keep(ctx context.Context, answer func(*net.UnixListener)) {
	ticker := time.NewTicker(keepEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		switch {
		case !r.holdsFolder():
			r.retake(answer)
		case r.unwritten.Load():
			r.recorder.soon() // a service that was stopped meanwhile must not come back
		}
		r.watchRoom() // before a cut makes some
		r.cutLogs()
		r.watchdog()
	}
}

// cutLogs takes off the services' logs, and its own, what is too much.
func (r *resident) cutLogs() {
	for _, u := range r.all() {
		r.cut(u.name, u.snap.Load().Log)
	}
	r.cut("", r.paths.RuntimeDir+"/supervisor.log")
}

func (r *resident) cut(service, path string) {
	dropped, err := logfile.Cut(path, logfile.Standard())
	if err != nil {
		r.opts.Log.Warn("log not cut", "log", path, "err", err)
	}
	if dropped > 0 {
		r.events.emit(Event{Event: EventLogCut, Service: service, Result: "error", Detail: strconv.FormatInt(dropped, 10) + " bytes of " + path})
	}
}

// holdsFolder reports whether the lock that this supervisor holds is the one
// of its runtime folder still: the folder may have been removed.
func (r *resident) holdsFolder() bool {
	there, err := os.Stat(lockPath(r.paths.RuntimeDir))
	if err != nil {
		return !errors.Is(err, os.ErrNotExist)
	}
	held, err := r.lock.Stat()
	return err != nil || os.SameFile(held, there)
}

// retake makes a folder that was removed anew, with its lock and socket. If
// another supervisor was faster, the services are that one's.
func (r *resident) retake(answer func(*net.UnixListener)) {
	if err := ensureDir(r.paths.RuntimeDir); err != nil {
		return // again in a moment
	}
	lock, err := os.OpenFile(lockPath(r.paths.RuntimeDir), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return
	}
	if err := unix.Flock(int(lock.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		_ = lock.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			r.events.emit(Event{Event: EventSupervisorAway, Result: "ok"})
			r.end(errSuperseded)
		}
		return
	}
	listener, err := listenControl(r.socket)
	if err != nil {
		_ = lock.Close()
		return
	}
	_ = r.lock.Close()
	r.lock, r.listener = lock, listener
	answer(listener)
	_ = r.recorder.flush() // unrecorded has said it
	r.events.emit(Event{Event: EventSupervisorRestored, Result: "ok", Detail: "the runtime folder had been removed"})
}
