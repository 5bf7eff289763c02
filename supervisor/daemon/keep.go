package daemon

import (
	"context"
	"errors"
	"net"
	"os"
	"strconv"
	"syscall"
	"time"

	"github.com/flowgate-go/flowgate/internal/logfile"
	"github.com/flowgate-go/flowgate/supervisor/control"
)

// keepEvery is the time between two looks at the folder and its logs.
const keepEvery = time.Second

// lookTime is longer than a command holds the folder's lock to see whether it is
// held; another supervisor holds it for good.
const lookTime = 100 * time.Millisecond

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
		case !r.holdsSocket():
			r.reopenSocket(answer)
		case r.unwritten.Load():
			r.recorder.WriteSoon() // a service that was stopped meanwhile must not come back
		}
		r.watchRoom() // before a cut makes some
		r.watchMovedLogs()
		r.cutLogs()
		r.watchdog()
	}
}

// cutLogs takes off the services' logs, and its own, what is too much.
func (r *resident) cutLogs() {
	for _, u := range r.all() {
		r.cut(u.Name, u.Snapshot.Load().Log)
	}
	r.cut("", r.paths.RuntimeDir+"/supervisor.log")
}

func (r *resident) cut(service, path string) {
	dropped, err := logfile.Cut(path, logfile.StandardLimits())
	if err != nil {
		r.opts.Log.Warn("log not cut", "log", path, "err", err)
	}
	if dropped > 0 {
		r.events.Emit(control.Event{Event: control.EventLogDropped, Service: service, Result: "error", Detail: strconv.FormatInt(dropped, 10) + " bytes of " + path})
	}
}

// holdsFolder reports whether the lock that this supervisor holds is the one
// of its runtime folder still: the folder may have been removed.
func (r *resident) holdsFolder() bool {
	there, err := os.Stat(control.LockPath(r.paths.RuntimeDir))
	if err != nil {
		return !errors.Is(err, os.ErrNotExist)
	}
	held, err := r.lock.Stat()
	return err != nil || os.SameFile(held, there)
}

// retake makes a folder that was removed anew, with its lock and socket. If
// another supervisor was faster, the services are that one's.
func (r *resident) retake(answer func(*net.UnixListener)) {
	if err := control.EnsureRuntimeDir(r.paths.RuntimeDir); err != nil {
		return // again in a moment
	}
	lock, err := control.AcquireLock(context.Background(), control.LockPath(r.paths.RuntimeDir), lookTime)
	if err != nil {
		if errors.Is(err, context.DeadlineExceeded) {
			r.events.Emit(control.Event{Event: control.EventSupervisorSuperseded, Result: "ok"})
			r.end(errSuperseded)
		}
		return
	}
	if err := r.replaceListener(answer); err != nil {
		_ = lock.Close()
		return
	}
	_ = r.lock.Close()
	r.lock = lock
	_ = r.recorder.WriteNow() // unrecorded has said it
	r.events.Emit(control.Event{Event: control.EventSupervisorRestored, Result: "ok", Detail: "the runtime folder had been removed"})
}

// holdsSocket reports whether the control socket is still the file that this
// supervisor listens on: cleaners of temporary files and backups remove sockets.
func (r *resident) holdsSocket() bool {
	there, err := os.Lstat(r.socket)
	if err != nil {
		return !errors.Is(err, os.ErrNotExist) && !errors.Is(err, syscall.ENOTDIR)
	}
	return r.socketFile != nil && os.SameFile(r.socketFile, there)
}

// reopenSocket opens the control socket anew. The supervisor holds the folder's
// lock, so whatever is at its path belongs to no other supervisor.
func (r *resident) reopenSocket(answer func(*net.UnixListener)) {
	if _, err := control.PrepareSocketPath(r.paths.RuntimeDir); err != nil { // its folder may have been removed too
		r.opts.Log.Warn("control socket not opened anew", "err", err)
		return
	}
	if err := r.replaceListener(answer); err != nil {
		r.opts.Log.Warn("control socket not opened anew", "err", err)
		return
	}
	r.events.Emit(control.Event{Event: control.EventSupervisorRestored, Result: "ok", Detail: "the control socket had been removed"})
}

// replaceListener opens the control socket anew, gives the listener to answer
// and closes the one before, which no command can reach any more.
func (r *resident) replaceListener(answer func(*net.UnixListener)) error {
	before := r.listener
	if err := r.listen(); err != nil {
		return err
	}
	answer(r.listener)
	if before != nil {
		_ = before.Close()
	}
	return nil
}

// listen opens the control socket and notes which file it is.
func (r *resident) listen() error {
	listener, at, err := control.ListenWithFallback(r.socket, r.paths.RuntimeDir, control.Listen)
	if err != nil {
		return err
	}
	r.listener, r.socket = listener, at
	r.noteSocket()
	return nil
}

// noteSocket remembers which file the control socket is, for holdsSocket.
func (r *resident) noteSocket() { r.socketFile, _ = os.Lstat(r.socket) }
