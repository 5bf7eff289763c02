package supervisor_test

import (
	"math/rand/v2"
	"net"
	"sync/atomic"
	"testing"
	"time"
)

// nextPort counts through ports that no other test of this run was given; it
// begins at random, so that two runs at once hardly meet.
var nextPort = func() *atomic.Int64 {
	var n atomic.Int64
	n.Store(12000 + rand.Int64N(16000))
	return &n
}()

// holdPortWhenFree takes a port as soon as its holder lets it go, and sends how
// to release it; nil when it did not come to it within five seconds.
func holdPortWhenFree(t *testing.T, addr string) <-chan func() {
	t.Helper()
	taken := make(chan func(), 1)
	go func() {
		for deadline := time.Now().Add(5 * time.Second); time.Now().Before(deadline); {
			if l, err := net.Listen("tcp", addr); err == nil {
				taken <- func() { _ = l.Close() }
				return
			}
		}
		taken <- nil
	}()
	return taken
}
