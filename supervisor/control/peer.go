package control

import (
	"errors"
	"net"
	"os"
)

// SameUserListener accepts only connections from processes of this process's user.
type SameUserListener struct{ *net.UnixListener }

// Accept returns the next connection from our own user and closes others.
func (l SameUserListener) Accept() (net.Conn, error) {
	for {
		conn, err := l.AcceptUnix()
		if err != nil {
			return nil, err
		}
		if uid, err := PeerUID(conn); err == nil && uid == os.Geteuid() {
			return conn, nil
		}
		_ = conn.Close()
	}
}

// PeerUID returns the user at the other end of a Unix socket, as the kernel knows it.
func PeerUID(conn *net.UnixConn) (int, error) {
	raw, err := conn.SyscallConn()
	if err != nil {
		return -1, err
	}
	uid, peerErr := -1, error(nil)
	err = raw.Control(func(fd uintptr) { uid, peerErr = socketUID(int(fd)) })
	return uid, errors.Join(err, peerErr)
}
