package shared

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"syscall"
	"time"

	"github.com/gomodule/redigo/redis"
	"golang.org/x/sys/unix"

	"github.com/flowgate-go/flowgate/internal/router/settings"
)

// callTimeout is how long one round trip to Redis may take. No request of a client waits for it.
const callTimeout = 500 * time.Millisecond

// dialer connects with Redis in place of the network; nil: the network does.
type dialer func(ctx context.Context, network, address string) (net.Conn, error)

// connect connects with Redis. It speaks the oldest protocol that all versions of Redis, and those that took after it,
// understand. Every error is a connectError.
func connect(ctx context.Context, r *settings.Redis, dial dialer) (*connected, error) {
	if dial == nil {
		dial = new(net.Dialer).DialContext
	}
	var socket net.Conn
	stop := func() bool { return true }
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	options := []redis.DialOption{
		redis.DialUsername(r.Username), redis.DialPassword(r.Password), redis.DialDatabase(r.DB),
		redis.DialReadTimeout(callTimeout), redis.DialWriteTimeout(callTimeout),
		redis.DialUseTLS(r.TLS), redis.DialTLSHandshakeTimeout(callTimeout),
		redis.DialTLSConfig(&tls.Config{MinVersion: tls.VersionTLS12}),
		redis.DialContextFunc(func(ctx context.Context, network, address string) (c net.Conn, err error) {
			if socket, err = dial(ctx, network, address); err != nil {
				return nil, err
			}
			stop = context.AfterFunc(ctx, func() { _ = socket.Close() }) // the handshake of TLS knows no context
			return socket, nil
		}),
	}
	c, err := redis.DialContext(ctx, r.Network, r.Address, options...)
	if isInTime := stop(); !isInTime {
		err = context.Cause(ctx) // which has closed the socket
	}
	if err != nil {
		return nil, connectError{err}
	}
	return &connected{c.(redis.ConnWithTimeout), socket, r.TLS}, nil //nolint:forcetypeassert // it always is one
}

// connected is a connection that was made.
type connected struct {
	redis.ConnWithTimeout
	socket net.Conn // below TLS
	isTLS  bool
}

// hasEnded reports whether the connection is of no further use: while nobody read from it, Redis has closed it, or sent
// what would be taken for the answer to the next command. With TLS it may have sent something that is no answer: then
// only an end without a farewell is seen.
func (c *connected) hasEnded() bool {
	raw, hasFile := c.socket.(syscall.Conn)
	if !hasFile {
		return false
	}
	file, err := raw.SyscallConn()
	if err != nil || c.socket.SetReadDeadline(time.Time{}) != nil { // that of the last answer is over
		return true
	}
	var n int
	var peekErr error
	err = file.Read(func(fd uintptr) (done bool) {
		n, _, peekErr = unix.Recvfrom(int(fd), make([]byte, 1), unix.MSG_PEEK|unix.MSG_DONTWAIT)
		return true
	})
	switch {
	case err != nil:
		return true
	case peekErr != nil:
		return !errors.Is(peekErr, unix.EAGAIN) && !errors.Is(peekErr, unix.EINTR)
	}
	return n == 0 || !c.isTLS // the end of what Redis sends
}

// connectError is the error of a connection that was not made: no command was sent.
type connectError struct{ error }

// Unwrap returns the cause.
func (e connectError) Unwrap() error { return e.error }

// connection is a connection that is made when it is first used, and anew after it broke. One goroutine uses it.
type connection struct {
	dial func(context.Context) (*connected, error)
	conn *connected // nil: there is none
}

// call makes one round trip for the commands of a pipeline: within callTimeout, once they are connected. It returns the
// first error, also of those that Redis answered.
func (c *connection) call(ctx context.Context, p *pipeline) error {
	if c.conn != nil && c.conn.hasEnded() { // Redis has started anew meanwhile, say
		c.close()
	}
	if c.conn == nil {
		conn, err := c.dial(ctx)
		if err != nil {
			return p.fail(err)
		}
		c.conn = conn
	}
	err := p.call(c.conn)
	if c.conn.Err() != nil {
		c.close()
	}
	return err
}

// close closes the connection.
func (c *connection) close() {
	if c.conn != nil {
		_ = c.conn.Close() // it is of no further use
	}
	c.conn = nil
}
