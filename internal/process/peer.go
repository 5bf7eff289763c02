package process

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strconv"
	"syscall"
)

// NotOursError means that the other end of a connection on this machine does
// not belong to a process of this user, or that the kernel could not confirm it.
type NotOursError struct {
	Addr  string // host:port that was dialled
	User  string // who has the port; "" when the kernel does not say
	Cause error  // why the kernel could not be asked; nil when it answered
}

// Error implements error.
func (e *NotOursError) Error() string {
	switch {
	case e.Cause != nil:
		return fmt.Sprintf("the kernel does not confirm that a process of this user listens on %s: %v", e.Addr, e.Cause)
	case e.User == "":
		return fmt.Sprintf("a process of another user listens on %s", e.Addr)
	}
	return fmt.Sprintf("a process of the user %s listens on %s", e.User, e.Addr)
}

// Unwrap returns the cause.
func (e *NotOursError) Unwrap() error { return e.Cause }

// errNotHere means that no socket of this machine is the other end.
var errNotHere = errors.New("the other end is not on this machine")

// CheckPeer asks the kernel who has the other end of this very connection, and
// returns a *NotOursError unless it is a process of this process's effective
// user on this machine; or ECONNREFUSED when nobody has it any more. It sends
// nothing over the connection.
func CheckPeer(conn net.Conn) error {
	local, remote, err := endpoints(conn)
	if err != nil {
		return &NotOursError{Addr: conn.RemoteAddr().String(), Cause: err}
	}
	uid, err := peerUID(local, remote)
	if errors.Is(err, errNotHere) && remote.Addr().IsLoopback() {
		return fmt.Errorf("the process that listened on %s is gone: %w", remote, syscall.ECONNREFUSED)
	}
	if err != nil {
		return &NotOursError{Addr: remote.String(), Cause: err}
	}
	if uid != os.Geteuid() {
		return &NotOursError{Addr: remote.String(), User: userName(strconv.Itoa(uid))}
	}
	return nil
}

// endpoints are the two addresses of a TCP connection.
func endpoints(conn net.Conn) (local, remote netip.AddrPort, err error) {
	l, okLocal := conn.LocalAddr().(*net.TCPAddr)
	r, okRemote := conn.RemoteAddr().(*net.TCPAddr)
	if !okLocal || !okRemote {
		return local, remote, fmt.Errorf("%T is not a TCP connection", conn)
	}
	return unmapped(l.AddrPort()), unmapped(r.AddrPort()), nil
}

// unmapped writes an IPv4 address inside IPv6 as IPv4, and drops the zone.
func unmapped(a netip.AddrPort) netip.AddrPort {
	return netip.AddrPortFrom(a.Addr().Unmap().WithZone(""), a.Port())
}
