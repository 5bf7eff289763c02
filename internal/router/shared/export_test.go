package shared

import (
	"context"
	"net"
)

// WithDialer returns options of a Link that connects by dial.
func WithDialer(o Options, dial func(ctx context.Context, network, address string) (net.Conn, error)) Options {
	o.dial = dial
	return o
}
