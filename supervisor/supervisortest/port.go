package supervisortest

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
	firstPort     = 12000
	portsOfOne    = 400 // test program
	portsInAll    = 16000
	programsAtOne = portsInAll / portsOfOne
)

// portRange is the ports that this test program has for itself.
type portRange struct {
	holder net.Listener // on the first one, which keeps other programs away until this one ends
	next   atomic.Int64
}

// ownPorts takes the first range that no other test program has.
var ownPorts = sync.OnceValue(func() *portRange {
	for n := range programsAtOne {
		first := firstPort + n*portsOfOne
		if l, err := net.Listen("tcp", "127.0.0.1:"+strconv.Itoa(first)); err == nil {
			return &portRange{holder: l}
		}
	}
	return nil
})

// FreePort returns a port that no other test, of this program or another, gets.
func FreePort(t testing.TB) int {
	t.Helper()
	own := ownPorts()
	if own == nil {
		t.Fatal("every range of ports for tests is taken")
	}
	first := own.holder.Addr().(*net.TCPAddr).Port
	for range 10 * portsOfOne {
		port := first + 1 + int(own.next.Add(1))%(portsOfOne-1)
		if l, err := net.Listen("tcp", "127.0.0.1:"+strconv.Itoa(port)); err == nil {
			_ = l.Close()
			return port
		}
	}
	t.Fatal("no free port found")
	return 0
}
