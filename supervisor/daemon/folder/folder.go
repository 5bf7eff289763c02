// Package folder holds a runtime folder for a supervisor: the lock that makes a
// process its only supervisor, and the control socket. Take locks a folder, Inherit
// continues a handed-over lock, Maintain restores what was removed.
//
// Two supervisors never hold one folder. A supervisor whose folder another one has
// taken since, even one that has ended, gets ErrSuperseded and never takes it back.
package folder

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"syscall"
	"time"

	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/flock"
	"github.com/flowgate-go/flowgate/internal/process"
	"github.com/flowgate-go/flowgate/supervisor/control"
)

// lockTimeout is longer than a command holds the folder's lock to see whether it is
// held. Another supervisor holds it until it ends.
const lockTimeout = 100 * time.Millisecond

// ErrSuperseded means that another supervisor has taken the folder and adopted the
// services.
var ErrSuperseded = errors.New("another supervisor has the runtime folder")

// Folder is a runtime folder that this process holds.
type Folder struct {
	dir string
	id  process.Identity // of this process

	mu       sync.Mutex // guards lock and socket
	lock     *os.File
	socket   string
	listener *net.UnixListener
	// socketInfo describes the file that listener listens on; nil when it was removed at once.
	socketInfo os.FileInfo
}

// Take locks a runtime folder, which it makes if necessary, for the process id.
// Faults: runtime-dir-unwritable; supervisor-running when another supervisor holds
// the folder for longer than control.LockTimeout.
func Take(ctx context.Context, dir string, id process.Identity) (*Folder, error) {
	if err := control.EnsureRuntimeDir(dir); err != nil {
		return nil, err
	}
	socket, err := control.PrepareSocketPath(dir)
	if err != nil {
		return nil, control.UnwritableFault(dir, err)
	}
	lock, err := flock.Take(ctx, control.LockPath(dir), control.LockTimeout)
	if errors.Is(err, context.DeadlineExceeded) {
		return nil, fault.New("supervisor-running", "another supervisor holds %s", dir).WithHint("see mage status")
	}
	if err == nil {
		err = signLock(lock, id)
	}
	if err != nil {
		return nil, control.UnwritableFault(dir, err)
	}
	return &Folder{dir: dir, id: id, socket: socket, lock: lock}, nil
}

// Inherit returns the folder that an earlier program of this process held.
func Inherit(dir string, id process.Identity, lock *os.File, listener *net.UnixListener, socket string) *Folder {
	return &Folder{dir: dir, id: id, lock: lock, socket: socket, listener: listener}
}

// signLock writes into the lock file that a supervisor has it: a command that only
// tries the lock leaves the file empty.
func signLock(lock *os.File, id process.Identity) error {
	if err := lock.Truncate(0); err != nil {
		return err
	}
	_, err := lock.WriteAt(fmt.Appendf(nil, "%d\n", id.PID), 0)
	return err
}

// IsHeld reports whether the lock file in the folder is still the one that this
// process holds. It is another one after the folder was removed.
func (f *Folder) IsHeld() bool {
	current, err := os.Stat(control.LockPath(f.dir))
	if err != nil {
		return !errors.Is(err, os.ErrNotExist)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	held, err := f.lock.Stat()
	return err != nil || os.SameFile(held, current)
}

// Maintain looks whether the folder and its socket are in place, and restores what
// was removed. It passes a new listener to serve, and returns what it restored or tried
// to restore, "" for nothing. It returns ErrSuperseded when another supervisor has taken
// the folder, and other errors when the folder cannot be restored now.
func (f *Folder) Maintain(serve func(*net.UnixListener)) (restored string, err error) {
	switch {
	case !f.IsHeld():
		return "the runtime folder", f.retake(serve)
	case !f.hasSocket():
		return "the control socket", f.reopenSocket(serve)
	}
	return "", nil
}

// retake makes a removed folder again, with its lock and socket.
func (f *Folder) retake(serve func(*net.UnixListener)) error {
	if err := control.EnsureRuntimeDir(f.dir); err != nil {
		return err
	}
	lock, err := flock.Take(context.Background(), control.LockPath(f.dir), lockTimeout)
	if errors.Is(err, context.DeadlineExceeded) {
		return ErrSuperseded
	}
	if err != nil {
		return err
	}
	// A supervisor that has ended meanwhile may have stopped the services: they must not be started again.
	if info, err := lock.Stat(); err != nil || info.Size() > 0 {
		return errors.Join(ErrSuperseded, lock.Close())
	}
	if err := errors.Join(signLock(lock, f.id), f.replaceListener(serve)); err != nil {
		return errors.Join(err, lock.Truncate(0), lock.Close())
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	_ = f.lock.Close()
	f.lock = lock
	return nil
}

// hasSocket reports whether the control socket is still the file that this process
// listens on: cleaners of temporary files and backups remove sockets.
func (f *Folder) hasSocket() bool {
	current, err := os.Lstat(f.Socket())
	if err != nil {
		return !errors.Is(err, os.ErrNotExist) && !errors.Is(err, syscall.ENOTDIR)
	}
	return f.socketInfo != nil && os.SameFile(f.socketInfo, current)
}

// reopenSocket opens the control socket again. This process holds the lock, so what
// is at the socket's path belongs to no other supervisor.
func (f *Folder) reopenSocket(serve func(*net.UnixListener)) error {
	if _, err := control.PrepareSocketPath(f.dir); err != nil { // its folder may have been removed too
		return err
	}
	return f.replaceListener(serve)
}

// replaceListener opens the control socket again, passes the new listener to serve
// and closes the old one, which no command can reach any more.
func (f *Folder) replaceListener(serve func(*net.UnixListener)) error {
	old := f.listener
	if err := f.openSocket(); err != nil {
		return err
	}
	serve(f.listener)
	if old != nil {
		_ = old.Close()
	}
	return nil
}

// Listen returns the listener on the control socket, which it opens if necessary.
func (f *Folder) Listen() (*net.UnixListener, error) {
	if f.listener != nil {
		f.noteSocket()
		return f.listener, nil
	}
	return f.listener, f.openSocket()
}

// openSocket opens the control socket.
func (f *Folder) openSocket() error {
	listener, at, err := control.ListenWithFallback(f.Socket(), f.dir, control.Listen)
	if err != nil {
		return err
	}
	f.mu.Lock()
	f.listener, f.socket = listener, at
	f.mu.Unlock()
	f.noteSocket()
	return nil
}

// noteSocket remembers which file the control socket is, for hasSocket.
func (f *Folder) noteSocket() { f.socketInfo, _ = os.Lstat(f.socket) }

// Socket returns the path of the control socket.
func (f *Folder) Socket() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.socket
}

// Listener returns the listener on the control socket, nil when it was lost.
func (f *Folder) Listener() *net.UnixListener { return f.listener }

// Lock returns the locked file, for a handover.
func (f *Folder) Lock() *os.File { return f.lock }

// DetachListener replaces the folder's listener by a duplicate, so that the socket stays
// open when a server closes the original. When that fails, the next
// Listen opens the socket again.
func (f *Folder) DetachListener() {
	file, err := f.listener.File()
	f.listener = nil
	if err != nil {
		return
	}
	defer file.Close()
	if l, err := net.FileListener(file); err == nil {
		f.listener = l.(*net.UnixListener)
	}
}

// Unlock releases the lock. It does not remove the socket, which may belong to another
// supervisor.
func (f *Folder) Unlock() error { return f.lock.Close() }

// Leave closes and removes the socket. The folder stays locked until Unlock.
func (f *Folder) Leave() {
	if f.listener != nil {
		_ = f.listener.Close()
	}
	_ = os.Remove(f.socket)
}
