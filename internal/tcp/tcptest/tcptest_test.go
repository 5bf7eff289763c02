package tcptest_test

import (
	"net"
	"strconv"
	"sync"
	"testing"

	"github.com/flowgate-go/flowgate/internal/tcp/tcptest"
)

func TestEachTestGetsAPortOfItsOwn(t *testing.T) {
	t.Parallel()
	const tests = 1000 // more than the ports of one range
	var seen sync.Map
	var group sync.WaitGroup
	for range tests {
		group.Go(func() {
			port := tcptest.FreePort(t)
			if _, again := seen.LoadOrStore(port, true); again {
				t.Errorf("port %d was given out twice", port)
			}
		})
	}
	group.Wait()
}

// TestAPortThatAnotherProgramHasIsNotGivenOut is not parallel: no other test gets the port that it looks for.
func TestAPortThatAnotherProgramHasIsNotGivenOut(t *testing.T) {
	port := tcptest.FreePort(t)
	l, err := net.Listen("tcp", "127.0.0.1:"+strconv.Itoa(port+50))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for range 100 {
		if tcptest.FreePort(t) == port+50 {
			t.Fatalf("port %d is taken", port+50)
		}
	}
}
