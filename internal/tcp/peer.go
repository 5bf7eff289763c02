package tcp

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strconv"
	"syscall"
)

// ForeignPeerError means that the other end of a local connection does not belong to a
// process of this user, or that the kernel could not confirm it.
type ForeignPeerError struct {
	Addr  string // host:port that was dialled
	User  string // owner of the listening process; "" when the kernel does not say
	Cause error  // why the kernel could not answer; nil when it answered
}

// Error implements error.
func (e *ForeignPeerError) Error() string {
	switch {
	case e.Cause != nil:
		return fmt.Sprintf("the kernel does not confirm that a process of this user listens on %s: %v", e.Addr, e.Cause)
	case e.User == "":
		return fmt.Sprintf("a process of another user listens on %s", e.Addr)
	}
	return fmt.Sprintf("a process of the user %s listens on %s", e.User, e.Addr)
}

// Unwrap returns the cause.
func (e *ForeignPeerError) Unwrap() error { return e.Cause }

// errNoLocalSocket means that no socket of this machine is the other end of the
// connection.
var errNoLocalSocket = errors.New("the other end is not on this machine")

// CheckPeer returns nil when the kernel says that the other end of conn belongs to this
// process's effective user on this machine. Otherwise it returns a *ForeignPeerError,
// or an error that wraps ECONNREFUSED when the listening process has ended. It sends
// nothing over the connection.
func CheckPeer(conn net.Conn) error {
	local, remote, err := connectionAddrs(conn)
	if err != nil {
		return &ForeignPeerError{Addr: conn.RemoteAddr().String(), Cause: err}
	}
	uid, err := peerUID(local, remote)
	if errors.Is(err, errNoLocalSocket) && remote.Addr().IsLoopback() {
		return fmt.Errorf("the process that listened on %s has ended: %w", remote, syscall.ECONNREFUSED)
	}
	if err != nil {
		return &ForeignPeerError{Addr: remote.String(), Cause: err}
	}
	if uid != os.Geteuid() {
		return &ForeignPeerError{Addr: remote.String(), User: userName(strconv.Itoa(uid))}
	}
	return nil
}

// connectionAddrs returns the two addresses of a TCP connection.
func connectionAddrs(conn net.Conn) (local, remote netip.AddrPort, err error) {
	l, okLocal := conn.LocalAddr().(*net.TCPAddr)
	r, okRemote := conn.RemoteAddr().(*net.TCPAddr)
	if !okLocal || !okRemote {
		return local, remote, fmt.Errorf("%T is not a TCP connection", conn)
	}
	return normalizeAddr(l.AddrPort()), normalizeAddr(r.AddrPort()), nil
}

// normalizeAddr returns an IPv4-mapped IPv6 address as IPv4, and drops the zone.
func normalizeAddr(a netip.AddrPort) netip.AddrPort {
	return netip.AddrPortFrom(a.Addr().Unmap().WithZone(""), a.Port())
}
