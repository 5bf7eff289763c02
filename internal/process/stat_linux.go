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

// stat is the part of /proc/PID/stat that identity needs (proc_pid_stat(5)).
type stat struct {
	state  byte
	parent int
	group  int
	start  uint64 // field 22, clock ticks since boot
}

// dead reports a process that ended: a zombie, or one being taken away.
func (s stat) dead() bool { return s.state == 'Z' || s.state == 'X' }

func readStat(pid int) (stat, error) {
	raw, err := readProc(pid, "stat", make([]byte, 0, 1<<10))
	if err != nil {
		return stat{}, err
	}
	// The command in field 2 may hold spaces and parentheses: read on after the last one.
	at := bytes.LastIndexByte(raw, ')')
	fields := strings.Fields(string(raw[at+1:]))
	if at < 0 || len(fields) < 20 {
		return stat{}, fmt.Errorf("read stat of process %d: %d fields after the command", pid, len(fields))
	}
	s := stat{state: fields[0][0]}
	s.parent, _ = strconv.Atoi(fields[1])
	s.group, _ = strconv.Atoi(fields[2])
	s.start, err = strconv.ParseUint(fields[19], 10, 64)
	return s, err
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

// bootID names the present boot; "" where the kernel does not say.
func bootID() string {
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

// environment is what a process of our own user was executed with.
func environment(pid int) []byte {
	raw, _ := readProc(pid, "environ", make([]byte, 0, 8<<10))
	return raw
}

// readProc reads a file of /proc/PID: without os.File, whose poller and
// finalizer cost more than the read when all processes are looked at.
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
		case n <= 0:
			return buf, nil
		default:
			buf = buf[:len(buf)+n]
		}
	}
}

// groupOf is the process group of a process, 0 when that is not known.
func groupOf(pid int) int {
	s, err := readStat(pid)
	if err != nil {
		return 0
	}
	return s.group
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
