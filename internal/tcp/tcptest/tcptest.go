// Package tcptest has what tests of TCP servers need: FreePort returns a port for a server that is told its port before
// it listens. It is for tests only.
package tcptest

import (
	"net"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
)

// Ports of tests: below the range that the kernel hands out by itself, so that no
// connection of another test takes one meanwhile.
const (
	firstPort       = 12000
	portsPerProgram = 400
	portsInTotal    = 16000
	maxPrograms     = portsInTotal / portsPerProgram // test programs at the same time
)

// portRange is a range of ports that one test program has for itself.
type portRange struct {
	holder net.Listener // on the first one, which keeps other programs away until this one ends
	next   atomic.Int64
}

// takePortRange takes the first range that no other test program has.
var takePortRange = sync.OnceValue(func() *portRange {
	for n := range maxPrograms {
		first := firstPort + n*portsPerProgram
		if l, err := net.Listen("tcp", "127.0.0.1:"+strconv.Itoa(first)); err == nil {
			return &portRange{holder: l}
		}
	}
	return nil
})

// FreePort returns a port that no other test, of this program or another, gets.
func FreePort(t testing.TB) int {
	t.Helper()
	ports := takePortRange()
	if ports == nil {
		t.Fatal("every range of ports for tests is taken")
	}
	first := ports.holder.Addr().(*net.TCPAddr).Port
	for range 10 * portsPerProgram {
		port := first + 1 + int(ports.next.Add(1))%(portsPerProgram-1)
		if l, err := net.Listen("tcp", "127.0.0.1:"+strconv.Itoa(port)); err == nil {
			_ = l.Close()
			return port
		}
	}
	t.Fatal("no free port found")
	return 0
}
