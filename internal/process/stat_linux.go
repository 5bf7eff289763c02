package process

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strconv"
	"time"

	"github.com/flowgate-go/flowgate/internal/boottime"
	"golang.org/x/sys/unix"
)

// stat is what this package uses of /proc/PID/stat (proc_pid_stat(5)).
type stat struct {
	state  byte
	parent int
	group  int
	cpu    time.Duration // fields 14 and 15, user and system
	start  uint64        // field 22, clock ticks since boot
	rss    int64         // field 24, pages
}

// isDead reports whether the process has ended: it is a zombie, or is being removed.
func (s stat) isDead() bool { return s.state == 'Z' || s.state == 'X' }

// readStat reads and parses /proc/PID/stat.
func readStat(pid int) (stat, error) {
	raw, err := readProc(pid, "stat", make([]byte, 0, 1<<10))
	if err != nil {
		return stat{}, err
	}
	s, n := stat{}, 2
	// The command in field 2 may hold spaces and parentheses: parse after the last one.
	for field := range bytes.FieldsSeq(raw[bytes.LastIndexByte(raw, ')')+1:]) {
		switch n++; n {
		case 3:
			s.state = field[0]
		case 4:
			s.parent = int(parseInt(field))
		case 5:
			s.group = int(parseInt(field))
		case 14, 15:
			s.cpu += time.Duration(parseInt(field)) * tick
		case 22:
			s.start = uint64(parseInt(field))
		case 24:
			s.rss = parseInt(field)
			return s, nil
		}
	}
	return stat{}, fmt.Errorf("read stat of process %d: %d fields", pid, n)
}

// parseInt returns a decimal number, 0 for any other text.
func parseInt(digits []byte) int64 {
	n, _ := strconv.ParseInt(string(digits), 10, 64)
	return n
}

// Identify returns the identity of a running process, and ErrGone when there is none.
func Identify(pid int) (Identity, error) {
	s, err := readStat(pid)
	if os.IsNotExist(err) || errors.Is(err, unix.ESRCH) || err == nil && s.isDead() {
		return Identity{}, fmt.Errorf("identify process %d: %w", pid, ErrGone)
	}
	if err != nil {
		return Identity{}, fmt.Errorf("identify process %d: %w", pid, err)
	}
	return Identity{PID: pid, StartTime: s.start, BootID: boottime.ID()}, nil
}

// ParentPID returns the pid of a process's parent, 0 when that is not known.
func ParentPID(pid int) int {
	s, err := readStat(pid)
	if err != nil {
		return 0
	}
	return s.parent
}

// GroupMembers returns the running processes of a process group, without zombies.
func GroupMembers(group int) ([]int, error) {
	pids, err := AllPIDs()
	if err != nil {
		return nil, err
	}
	var members []int
	for _, pid := range pids {
		// A process may end between the listing and this call: it is not a member then.
		if s, err := readStat(pid); err == nil && s.group == group && !s.isDead() {
			members = append(members, pid)
		}
	}
	return members, nil
}

// readEnviron reads the environment that a process of this user was executed with
// into buf, and returns an empty slice when it cannot be read.
func readEnviron(pid int, buf []byte) []byte {
	raw, err := readProc(pid, "environ", buf[:0])
	if err != nil {
		return buf[:0]
	}
	return raw
}

// readProc reads a file of /proc/PID into buf, or into a larger slice where that is too
// small. It does not use os.File, whose poller and finalizer cost more than the read
// when all processes are read. The kernel returns these files whole: a read that leaves
// room was the last.
func readProc(pid int, name string, buf []byte) ([]byte, error) {
	path := "/proc/" + strconv.Itoa(pid) + "/" + name
	fd, err := unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, &os.PathError{Op: "open", Path: path, Err: err}
	}
	defer unix.Close(fd)
	for {
		if len(buf) == cap(buf) {
			buf = append(buf, make([]byte, len(buf))...)[:len(buf)]
		}
		n, err := unix.Read(fd, buf[len(buf):cap(buf)])
		switch {
		case errors.Is(err, unix.EINTR):
		case err != nil:
			return nil, &os.PathError{Op: "read", Path: path, Err: err}
		default:
			if buf = buf[:len(buf)+max(n, 0)]; n <= 0 || len(buf) < cap(buf) {
				return buf, nil
			}
		}
	}
}

// AllPIDs lists all processes (Linux), or this user's processes (macOS).
func AllPIDs() ([]int, error) {
	dir, err := os.Open("/proc")
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	names, err := dir.Readdirnames(-1)
	if err != nil {
		return nil, fmt.Errorf("list processes: %w", err)
	}
	var pids []int
	for _, name := range names {
		if pid, err := strconv.Atoi(name); err == nil {
			pids = append(pids, pid)
		}
	}
	return pids, nil
}
