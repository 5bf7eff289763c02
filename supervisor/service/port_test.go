package service_test

import (
	"net"
	"testing"
	"time"
)

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
