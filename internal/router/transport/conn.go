package transport

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"time"

	"github.com/flowgate-go/flowgate/internal/router/socket"
)

// wideConn writes long request bodies in few, large pieces. net/http would copy them
// in pieces of 32 KiB through a new buffer for each request; coding agents send 76 to
// 500 kB in a request.
type wideConn struct {
	*socket.Conn
}

// wideBuffers holds the buffers that wideConn reuses.
var wideBuffers = sync.Pool{New: func() any { return new([128 << 10]byte) }}

// ReadFrom implements io.ReaderFrom: it writes all of r to the connection.
func (c wideConn) ReadFrom(r io.Reader) (int64, error) {
	buf := wideBuffers.Get().(*[128 << 10]byte)
	defer wideBuffers.Put(buf)
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
		return wideConn{socket.New(tcp)}, nil
	}
	return conn, err
}
