package process

import (
	"net"

	"github.com/flowgate-go/flowgate/internal/fault"
)

// SparePorts are n free ports on loopback, each another. Who wants one has to
// listen on it before somebody else does. Fault: port-unavailable.
func SparePorts(n int) ([]int, error) {
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
