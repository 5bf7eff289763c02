package process

import (
	"context"
	"fmt"
	"net"
	"runtime"
	"time"
)

// Holder is who listens on a port. PID 0 and an empty Command mean a process
// of another user that this one may not look into.
type Holder struct {
	PID     int    `json:"pid"`
	Command string `json:"command"` // the program's short name, never its arguments
	User    string `json:"user"`
}

// PortFree returns nil when a service could listen on addr (host:port) now, and
// the reason otherwise. It binds the port for a moment and lets it go.
func PortFree(ctx context.Context, addr string) error {
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
	// macOS lets 127.0.0.1:p be bound although somebody listens on *:p.
	dial := net.Dialer{Timeout: 200 * time.Millisecond}
	conn, err := dial.DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil
	}
	_ = conn.Close()
	return fmt.Errorf("bind %s: somebody answers there", addr)
}
