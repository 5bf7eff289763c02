package router

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"time"
)

// wideConn sends long request bodies in few, large writes. net/http would copy
// them in pieces of 32 kB through a buffer made anew for each request; agents
// send 76 to 500 kB a request.
type wideConn struct {
	*net.TCPConn
}

var wide = sync.Pool{New: func() any { return new([128 << 10]byte) }}

// ReadFrom writes all of r, as io.ReaderFrom demands.
func (c wideConn) ReadFrom(r io.Reader) (int64, error) {
	buf := wide.Get().(*[128 << 10]byte)
	defer wide.Put(buf)
	var sent int64
	for {
		n, err := io.ReadFull(r, buf[:])
		if n > 0 {
			w, err := c.Write(buf[:n])
			sent += int64(w)
			if err != nil {
				return sent, err
			}
		}
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return sent, nil
		}
		if err != nil {
			return sent, err
		}
	}
}

// dial connects to an upstream.
func dial(ctx context.Context, network, addr string) (net.Conn, error) {
	dialer := net.Dialer{Timeout: 5 * time.Second, KeepAlive: 30 * time.Second}
	conn, err := dialer.DialContext(ctx, network, addr)
	if tcp, ok := conn.(*net.TCPConn); ok {
		return wideConn{tcp}, nil
	}
	return conn, err
}
