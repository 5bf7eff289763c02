package process

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// stat is the part of /proc/PID/stat that is asked for (proc_pid_stat(5)).
type stat struct {
	state  byte
	parent int
	group  int
	cpu    time.Duration // fields 14 and 15, user and system
	start  uint64        // field 22, clock ticks since boot
	rss    int64         // field 24, pages
}

// dead reports a process that ended: a zombie, or one being taken away.
func (s stat) dead() bool { return s.state == 'Z' || s.state == 'X' }

func readStat(pid int) (stat, error) {
	raw, err := readProc(pid, "stat", make([]byte, 0, 1<<10))
	if err != nil {
		return stat{}, err
	}
	s, n := stat{}, 2
	// The command in field 2 may hold spaces and parentheses: read on after the last one.
	for field := range bytes.FieldsSeq(raw[bytes.LastIndexByte(raw, ')')+1:]) {
		switch n++; n {
		case 3:
			s.state = field[0]
		case 4:
			s.parent = int(number(field))
		case 5:
			s.group = int(number(field))
		case 14, 15:
			s.cpu += time.Duration(number(field)) * tick
		case 22:
			s.start = uint64(number(field))
		case 24:
			s.rss = number(field)
			return s, nil
		}
	}
	return stat{}, fmt.Errorf("read stat of process %d: %d fields", pid, n)
}

func number(digits []byte) int64 {
	n, _ := strconv.ParseInt(string(digits), 10, 64)
	return n
}

// Identify returns the identity of a running process: ErrGone when there is none.
func Identify(pid int) (Identity, error) {
	s, err := readStat(pid)
	if os.IsNotExist(err) || errors.Is(err, unix.ESRCH) || err == nil && s.dead() {
		return Identity{}, fmt.Errorf("identify process %d: %w", pid, ErrGone)
	}
	if err != nil {
		return Identity{}, fmt.Errorf("identify process %d: %w", pid, err)
	}
	return Identity{PID: pid, StartTime: s.start, BootID: bootID()}, nil
}

func readBootID() string {
	boot, _ := os.ReadFile("/proc/sys/kernel/random/boot_id")
	return strings.TrimSpace(string(boot))
}

// Parent is the pid of the parent of a process, 0 when that is not known.
func Parent(pid int) int {
	s, err := readStat(pid)
	if err != nil {
		return 0
	}
	return s.parent
}

// GroupMembers are the running processes of a process group, zombies left out.
func GroupMembers(group int) ([]int, error) {
	pids, err := allPIDs()
	if err != nil {
		return nil, err
	}
	var members []int
	for _, pid := range pids {
		// A process may end between the listing and the look: it is no member then.
		if s, err := readStat(pid); err == nil && s.group == group && !s.dead() {
			members = append(members, pid)
		}
	}
	return members, nil
}

// environment is what a process of our own user was executed with, in place of
// what buf held.
func environment(pid int, buf []byte) []byte {
	raw, err := readProc(pid, "environ", buf[:0])
	if err != nil {
		return buf[:0]
	}
	return raw
}

// readProc reads a file of /proc/PID into buf, or into more where that is too
// small: without os.File, whose poller and finalizer cost more than the read
// when all processes are looked at. These files come whole: a read that leaves
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

// Uptime is how long this machine has been up, sleep included: a clock that
// nobody sets.
func Uptime() time.Duration {
	var ts unix.Timespec
	_ = unix.ClockGettime(unix.CLOCK_BOOTTIME, &ts) // cannot fail with this clock
	return time.Duration(ts.Nano())
}

func allPIDs() ([]int, error) {
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
