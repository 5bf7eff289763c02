package tcp

import (
	"context"
	"fmt"
	"net"
	"runtime"
	"time"

	"github.com/flowgate-go/flowgate/internal/fault"
)

// CheckFree returns nil when a service could listen on addr (host:port) now, and
// the reason otherwise. It binds the port for a moment and releases it.
func CheckFree(ctx context.Context, addr string) error {
	var listen net.ListenConfig // sets no SO_REUSEPORT
	l, err := listen.Listen(ctx, "tcp", addr)
	if err != nil {
		return fmt.Errorf("bind %s: %w", addr, err)
	}
	if err := l.Close(); err != nil {
		return fmt.Errorf("release %s: %w", addr, err)
	}
	if runtime.GOOS != "darwin" {
		return nil
	}
	// macOS lets 127.0.0.1:p be bound while another process listens on *:p.
	dial := net.Dialer{Timeout: 200 * time.Millisecond}
	conn, err := dial.DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil
	}
	_ = conn.Close()
	return fmt.Errorf("bind %s: another process answers there", addr)
}

// FreePorts returns n different ports that are free on loopback. The caller has to
// listen on them before another process does. Fault: port-unavailable.
func FreePorts(n int) ([]int, error) {
	ports := make([]int, n)
	for i := range ports {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, fault.New("port-unavailable", "find a free port on 127.0.0.1: %w", err)
		}
		defer func() { _ = l.Close() }() // all stay open until the last is found: no port twice
		ports[i] = l.Addr().(*net.TCPAddr).Port
	}
	return ports, nil
}
