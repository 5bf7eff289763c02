package tcp

import (
	"fmt"
	"net"
	"net/netip"

	"golang.org/x/sys/unix"
)

// ByDiag lists the listeners on a port by sock_diag.
func ByDiag(port int) (all []string, err error) {
	visit := func(addr boundIP, s socket) { all = append(all, describe(addr, s)) }
	if err := diagListeners(unix.AF_INET, port, visit); err != nil {
		return nil, err
	}
	return all, diagListeners(unix.AF_INET6, port, visit)
}

// ByProc lists the listeners on a port by /proc/net.
func ByProc(port int) (all []string, err error) {
	err = procListeners(port, func(addr boundIP, s socket) { all = append(all, describe(addr, s)) })
	return all, err
}

func describe(addr boundIP, s socket) string { return fmt.Sprint(net.IP(addr), s.uid, s.inode) }

// ConnectionByDiag returns the user and the inode of a connection's socket by
// sock_diag.
func ConnectionByDiag(own, other netip.AddrPort) (string, error) {
	s, err := diagConnection(own, other)
	return s.uid + " " + s.inode, err
}

// ConnectionByProc returns the user and the inode of a connection's socket by
// /proc/net.
func ConnectionByProc(own, other netip.AddrPort) (string, error) {
	s, err := procConnection(own, other)
	return s.uid + " " + s.inode, err
}

// ParseDiagReply parses a reply of sock_diag.
func ParseDiagReply(reply []byte) error {
	_, err := parseConnectionReply(reply, netip.AddrPort{}, netip.AddrPort{})
	return err
}
