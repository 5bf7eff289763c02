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
	portsPerRange = 50
)

// given are the ports that this test program has given out.
var given struct {
	mu     sync.Mutex
	ranges []net.Listener // on the first port of each range of this program, which keeps other programs away
	again  int            // how many ranges were begun again, since there are no others
	next   int
	end    int // of the range that is in use
}

// FreePort returns a port that no other test, of this program or another, gets. After some 15,000 ports, the first ones
// of the program come again.
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
	for range lastPort - firstPort {
		if given.next == given.end && !takeRange() {
			break
		}
		given.next++
		if l, err := listen(given.next - 1); err == nil {
			return given.next - 1, l.Close()
		}
	}
	return 0, errors.New("every port for tests is taken")
}

// takeRange takes the first range of ports that no test program has, until this program ends. When there is none, it
// takes one that this program has already. It reports whether there was one.
func takeRange() bool {
	for first := firstPort; first < lastPort; first += portsPerRange {
		if l, err := listen(first); err == nil {
			given.ranges = append(given.ranges, l)
			useRange(first)
			return true
		}
	}
	if len(given.ranges) == 0 {
		return false
	}
	useRange(given.ranges[given.again%len(given.ranges)].Addr().(*net.TCPAddr).Port)
	given.again++
	return true
}

// useRange has the next ports be those of the range that begins with a port.
func useRange(first int) { given.next, given.end = first+1, first+portsPerRange }

func listen(port int) (net.Listener, error) {
	return net.Listen("tcp", "127.0.0.1:"+strconv.Itoa(port))
}
