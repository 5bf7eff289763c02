//go:build !linux

package socket

import "net"

// Conn is a TCP connection.
type Conn struct{ *net.TCPConn }

// New returns a Conn over tcp.
func New(tcp *net.TCPConn) *Conn { return &Conn{tcp} }
