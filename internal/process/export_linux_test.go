package process

import (
	"fmt"
	"net"
	"net/netip"
	"os"

	"golang.org/x/sys/unix"
)

// ByDiag and ByProc list who listens on a port, each in its own way.
func ByDiag(port int) (all []string, err error) {
	visit := func(addr bound, s socket) { all = append(all, describe(addr, s)) }
	if err := diagnose(unix.AF_INET, port, visit); err != nil {
		return nil, err
	}
	return all, diagnose(unix.AF_INET6, port, visit)
}

func ByProc(port int) (all []string, err error) {
	err = eachLine(port, func(addr bound, s socket) { all = append(all, describe(addr, s)) })
	return all, err
}

func describe(addr bound, s socket) string { return fmt.Sprint(net.IP(addr), s.uid, s.inode) }

// Unpollable is a handle that Go's poller does not take, as when all watches of
// the user are in use.
func Unpollable(id Identity) *Handle {
	fd, _ := unix.PidfdOpen(id.PID, 0)
	return &Handle{id: id, file: os.NewFile(uintptr(fd), "pidfd")}
}

// ConnectionByDiag and ConnectionByProc are the user and the inode of the
// socket with these addresses, each in its own way.
func ConnectionByDiag(own, other netip.AddrPort) (string, error) {
	s, err := diagnoseOne(own, other)
	return s.uid + " " + s.inode, err
}

func ConnectionByProc(own, other netip.AddrPort) (string, error) {
	s, err := lineOf(own, other)
	return s.uid + " " + s.inode, err
}

// ParseDiagReply reads an answer of sock_diag.
func ParseDiagReply(reply []byte) error {
	_, err := parseOne(reply, netip.AddrPort{}, netip.AddrPort{})
	return err
}
