// Package tcptest has what tests of TCP servers need: a port for a server that is told its port before it listens.
// It is for tests only.
package tcptest

import (
	"errors"
	"net"
	"strconv"
	"sync"
	"testing"
)

// Ports of tests: below the range that the kernel hands out by itself, so that no
// connection of another test takes one meanwhile.
const (
	firstPort     = 12000
	lastPort      = 28000
	portsPerRange = 400
)

// given are the ports that this test program has given out.
var given struct {
	mu     sync.Mutex
	ranges []net.Listener // on the first port of each range of this program, which keeps other programs away
	next   int
	end    int // of the last of ranges
}

// FreePort returns a port that no other test, of this program or another, gets.
func FreePort(t testing.TB) int {
	t.Helper()
	port, err := FindFreePort()
	if err != nil {
		t.Fatal(err)
	}
	return port
}

// FindFreePort is FreePort where there is no test that could be ended.
func FindFreePort() (int, error) {
	given.mu.Lock()
	defer given.mu.Unlock()
	for {
		if given.next == given.end && !takeRange() {
			return 0, errors.New("every port for tests is taken")
		}
		given.next++
		if l, err := listen(given.next - 1); err == nil {
			return given.next - 1, l.Close()
		}
	}
}

// takeRange takes the first range of ports that no test program has, until this program ends, and reports
// whether there was one.
func takeRange() bool {
	for first := firstPort; first < lastPort; first += portsPerRange {
		if l, err := listen(first); err == nil {
			given.ranges = append(given.ranges, l)
			given.next, given.end = first+1, first+portsPerRange
			return true
		}
	}
	return false
}

func listen(port int) (net.Listener, error) {
	return net.Listen("tcp", "127.0.0.1:"+strconv.Itoa(port))
}
