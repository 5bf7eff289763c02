// Package handover replaces the program of a running supervisor in its process, so
// that the services stay its children: Execute passes a Note to the next program,
// which reads it with Read.
package handover

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/supervisor/control"
	"github.com/flowgate-go/flowgate/supervisor/ledger"
)

// Note is what a supervisor leaves to the program that takes over its process.
// Descriptors keep their numbers across exec.
type Note struct {
	Lock     int                        `json:"lock"`     // descriptor of the runtime folder's lock
	Listener int                        `json:"listener"` // descriptor of the control socket
	Lifeline int                        `json:"lifeline,omitempty"`
	Socket   string                     `json:"socket"` // path of the control socket
	Upgrades int                        `json:"upgrades"`
	Ledger   ledger.Ledger              `json:"ledger"`
	Requests map[string]control.Request `json:"requests"`
}

// Files are the open files that the next program needs.
type Files struct {
	Lock     *os.File
	Listener *net.UnixListener
	Lifeline *os.File // nil without one
}

// Execute executes a program in this process, with the flags of supervisor:run that
// name the note and the lifeline. It returns only when that failed. dir holds the
// note for a moment.
func Execute(program string, args []string, n Note, f Files, dir string) error {
	if f.Listener == nil {
		return errors.New("the control socket was lost")
	}
	socket, err := f.Listener.File()
	if err != nil {
		return err
	}
	defer socket.Close()
	n.Lock, n.Listener = descriptor(f.Lock), descriptor(socket)
	inherited := []int{n.Lock, n.Listener}
	if f.Lifeline != nil {
		n.Lifeline = descriptor(f.Lifeline)
		inherited = append(inherited, n.Lifeline)
		args = append(args, "-lifeline="+strconv.Itoa(n.Lifeline))
	}
	file, err := writeNote(n, dir)
	if err != nil {
		return err
	}
	defer file.Close()
	inherited = append(inherited, descriptor(file))
	for _, fd := range inherited {
		if _, err := unix.FcntlInt(uintptr(fd), unix.F_SETFD, 0); err != nil {
			return err
		}
		defer unix.CloseOnExec(fd) // when the exec fails
	}
	args = append(args, "-handover="+strconv.Itoa(descriptor(file)))
	args = append([]string{program}, args...)
	return syscall.Exec(program, args, os.Environ()) //nolint:gosec // checked before: it is a FlowGate
}

// writeNote writes a note into a file that has no name, since it holds the
// environment of commands: it is gone with its last descriptor.
func writeNote(n Note, dir string) (*os.File, error) {
	file, err := os.CreateTemp(dir, ".handover-*")
	if err != nil {
		return nil, err
	}
	_ = os.Remove(file.Name())
	raw, err := json.Marshal(n)
	if err == nil {
		_, err = io.Copy(file, bytes.NewReader(raw))
	}
	if err == nil {
		_, err = file.Seek(0, io.SeekStart)
	}
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return file, nil
}

// descriptor returns a file's descriptor, -1 if it has none. It does not use File.Fd,
// which would make the file blocking, and with it the socket that this program continues
// to use when the exec fails.
func descriptor(file *os.File) (fd int) {
	raw, err := file.SyscallConn()
	if err == nil {
		err = raw.Control(func(n uintptr) { fd = int(n) })
	}
	if err != nil {
		return -1
	}
	return fd
}

// Read reads the note of the previous program, and opens the lock and the listener that
// it names.
func Read(note *os.File) (n Note, lock *os.File, listener *net.UnixListener, err error) {
	defer note.Close()
	if err := json.NewDecoder(note).Decode(&n); err != nil {
		return n, nil, nil, fmt.Errorf("read the handover: %w", err)
	}
	if lock, err = InheritedFile(n.Lock); err != nil {
		return n, nil, nil, err
	}
	socket, err := InheritedFile(n.Listener)
	if err != nil {
		return n, nil, nil, err
	}
	defer socket.Close()
	l, err := net.FileListener(socket)
	if err != nil {
		return n, nil, nil, fmt.Errorf("take over the control socket: %w", err)
	}
	return n, lock, l.(*net.UnixListener), nil
}

// InheritedFile returns the file behind a descriptor that this process was started
// with and that a flag of supervisor:run names. Children of this process do not
// inherit it, and Close ends a Read on it. Fault: flag-invalid.
func InheritedFile(fd int) (*os.File, error) {
	if fd < 3 {
		return nil, fault.Usage("flag-invalid", "descriptor %d is not an inherited file", fd)
	}
	unix.CloseOnExec(fd)
	if err := unix.SetNonblock(fd, true); err != nil {
		return nil, fault.Usage("flag-invalid", "descriptor %d: %w", fd, err)
	}
	return os.NewFile(uintptr(fd), "inherited"), nil
}
