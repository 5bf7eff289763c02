package tcp

import (
	"net"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/flowgate-go/flowgate/internal/process"
)

// FindListener returns the process whose socket a connection to host:port reaches, and
// false when no process listens there.
func FindListener(host string, port int) (Holder, bool, error) {
	sockets, err := listenersFor(host, port)
	if err != nil || len(sockets) == 0 {
		return Holder{}, false, err
	}
	pids, err := process.AllPIDs()
	if err != nil {
		return Holder{}, false, err
	}
	for _, s := range sockets {
		for _, pid := range pids {
			if holdsSocket(pid, s.inode) {
				return Holder{PID: pid, Command: commandName(pid), User: userName(s.uid)}, true, nil
			}
		}
	}
	return Holder{User: userName(sockets[0].uid)}, true, nil
}

// IsListening reports whether the process pid listens on host:port. On Linux it costs
// less than FindListener.
func IsListening(pid int, host string, port int) bool {
	sockets, err := listenersFor(host, port)
	if err != nil {
		return false
	}
	for _, s := range sockets {
		if holdsSocket(pid, s.inode) {
			return true
		}
	}
	return false
}

// IsExposed reports whether the process pid listens on port at an address that other
// machines may reach. known is false when that cannot be seen.
func IsExposed(pid, port int) (exposed, known bool) {
	err := eachListener(port, func(addr boundIP, s socket) {
		exposed = exposed || !net.IP(addr).IsLoopback() && holdsSocket(pid, s.inode)
	})
	return exposed, exposed || err == nil && canListFiles(pid)
}

// canListFiles reports whether this process may see the open files of a process.
func canListFiles(pid int) bool {
	_, err := os.ReadDir("/proc/" + strconv.Itoa(pid) + "/fd")
	return err == nil
}

// socket is what the kernel says of one socket.
type socket struct{ inode, uid string }

// boundIP is the address that a listening socket is bound to.
type boundIP net.IP

// isUnspecified reports whether the socket is bound to all addresses.
func (b boundIP) isUnspecified() bool { return net.IP(b).IsUnspecified() }

// matches reports whether a connection to host reaches a socket bound to b. An
// empty or unspecified host matches every address. Of names, only "localhost" is
// resolved: any other name belongs to another machine.
func (b boundIP) matches(host string) bool {
	if host == "" {
		return true
	}
	if host == "localhost" {
		return net.IP(b).IsLoopback()
	}
	ip := net.ParseIP(host)
	return ip != nil && (ip.IsUnspecified() || ip.Equal(net.IP(b)))
}

// listenersFor returns the sockets that a connection to host:port would reach:
// first those bound to that address, then those bound to all addresses.
func listenersFor(host string, port int) ([]socket, error) {
	var exact, wild []socket
	err := eachListener(port, func(addr boundIP, s socket) {
		switch {
		case addr.isUnspecified():
			wild = append(wild, s)
		case addr.matches(host):
			exact = append(exact, s)
		}
	})
	return append(exact, wild...), err
}

// eachListener calls visit for every socket of this machine that listens on port:
// by sock_diag, or by /proc/net where the kernel or a sandbox has no sock_diag.
func eachListener(port int, visit func(boundIP, socket)) error {
	type listener struct {
		addr boundIP
		s    socket
	}
	var all []listener
	collect := func(addr boundIP, s socket) { all = append(all, listener{addr, s}) }
	if diagListeners(unix.AF_INET, port, collect) != nil || diagListeners(unix.AF_INET6, port, collect) != nil {
		return procListeners(port, visit)
	}
	for _, l := range all {
		visit(l.addr, l.s)
	}
	return nil
}

// holdsSocket reports whether a process has the socket among its open files.
func holdsSocket(pid int, inode string) bool {
	dir := "/proc/" + strconv.Itoa(pid) + "/fd"
	file, err := os.Open(dir)
	if err != nil {
		return false // the process ended, or belongs to another user
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

// commandName returns the program's short name, "" when the process ended.
func commandName(pid int) string {
	comm, _ := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/comm")
	return strings.TrimSpace(string(comm))
}
