package process

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/user"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// Listener says who listens on a TCP port such that host:port leads there, and
// false when nobody does.
func Listener(host string, port int) (Holder, bool, error) {
	sockets, err := listening(host, port)
	if err != nil || len(sockets) == 0 {
		return Holder{}, false, err
	}
	pids, err := allPIDs()
	if err != nil {
		return Holder{}, false, err
	}
	for _, s := range sockets {
		for _, pid := range pids {
			if holds(pid, s.inode) {
				return Holder{PID: pid, Command: command(pid), User: userName(s.uid)}, true, nil
			}
		}
	}
	return Holder{User: userName(sockets[0].uid)}, true, nil
}

// Holds reports whether this process itself listens on host:port; cheaper than Listener.
func Holds(pid int, host string, port int) bool {
	sockets, err := listening(host, port)
	if err != nil {
		return false
	}
	for _, s := range sockets {
		if holds(pid, s.inode) {
			return true
		}
	}
	return false
}

// Open reports whether a process listens on port at an address that others
// than this machine may reach. What cannot be seen counts as not.
func Open(pid, port int) bool {
	open := false
	_ = eachSocket(port, func(addr bound, s socket) {
		open = open || !net.IP(addr).IsLoopback() && holds(pid, s.inode)
	})
	return open
}

// socket is a listening socket of /proc/net/tcp{,6}.
type socket struct{ inode, uid string }

// listening finds the sockets that a connection to host:port would reach, those
// bound to the very address before those bound to all.
func listening(host string, port int) ([]socket, error) {
	var exact, wild []socket
	err := eachSocket(port, func(addr bound, s socket) {
		switch {
		case addr.unspecified():
			wild = append(wild, s)
		case addr.matches(host):
			exact = append(exact, s)
		}
	})
	return append(exact, wild...), err
}

// eachSocket calls visit for every socket of this machine that listens on port.
func eachSocket(port int, visit func(bound, socket)) error {
	type found struct {
		addr bound
		s    socket
	}
	var all []found
	keep := func(addr bound, s socket) { all = append(all, found{addr, s}) }
	if diagnose(unix.AF_INET, port, keep) != nil || diagnose(unix.AF_INET6, port, keep) != nil {
		return eachLine(port, visit)
	}
	for _, f := range all {
		visit(f.addr, f.s)
	}
	return nil
}

// eachLine is eachSocket by /proc, for a kernel or a sandbox without sock_diag.
func eachLine(port int, visit func(bound, socket)) error {
	for _, path := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
		file, err := os.Open(path)
		if errors.Is(err, fs.ErrNotExist) { // a kernel without IPv6
			continue
		}
		if err != nil {
			return fmt.Errorf("read the list of sockets: %w", err)
		}
		lines := bufio.NewScanner(file)
		for lines.Scan() {
			if addr, s, ok := parseSocket(lines.Text(), port); ok {
				visit(addr, s)
			}
		}
		if err := errors.Join(lines.Err(), file.Close()); err != nil {
			return fmt.Errorf("read %s: %w", path, err)
		}
	}
	return nil
}

// holds reports whether a process has the socket among its open files.
func holds(pid int, inode string) bool {
	dir := "/proc/" + strconv.Itoa(pid) + "/fd"
	file, err := os.Open(dir)
	if err != nil {
		return false // gone, or another user's
	}
	defer file.Close()
	names, _ := file.Readdirnames(-1)
	for _, name := range names {
		if target, err := os.Readlink(dir + "/" + name); err == nil && target == "socket:["+inode+"]" {
			return true
		}
	}
	return false
}

func command(pid int) string {
	comm, _ := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/comm")
	return strings.TrimSpace(string(comm))
}

func userName(uid string) string {
	u, err := user.LookupId(uid)
	if err != nil {
		return uid
	}
	return u.Username
}
