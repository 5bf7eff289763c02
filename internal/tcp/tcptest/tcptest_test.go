package tcptest_test

import (
	"net"
	"strconv"
	"sync"
	"testing"

	"github.com/flowgate-go/flowgate/internal/tcp/tcptest"
)

func TestEachTestGetsAPortOfItsOwn(t *testing.T) {
	const tests = 120 // more than the ports of two ranges
	var seen sync.Map
	var group sync.WaitGroup
	for range tests {
		group.Go(func() {
			port, err := tcptest.FindFreePort()
			if _, again := seen.LoadOrStore(port, true); err != nil || again {
				t.Errorf("port %d was given out twice, or none: %v", port, err)
			}
		})
	}
	group.Wait()
}

func TestAPortThatIsTakenIsNotGivenOut(t *testing.T) {
	var taken net.Listener
	for port := tcptest.FreePort(t) + 1; taken == nil; port++ {
		taken, _ = net.Listen("tcp", "127.0.0.1:"+strconv.Itoa(port))
	}
	defer taken.Close()
	for range 120 {
		if port := tcptest.FreePort(t); port == taken.Addr().(*net.TCPAddr).Port {
			t.Fatalf("port %d is taken", port)
		}
	}
}

func TestPortsComeAgainWhenThereAreNoOthers(t *testing.T) {
	defer tcptest.TakeAllRanges()()
	seen := map[int]bool{}
	for range 120 {
		seen[tcptest.FreePort(t)] = true
	}
	if len(seen) == 120 || len(seen) == 0 {
		t.Errorf("%d ports are different", len(seen))
	}
}
