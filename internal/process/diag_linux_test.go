package process_test

import (
	"net"
	"slices"
	"testing"

	"github.com/flowgate-go/flowgate/internal/process"
)

func TestTheKernelsTwoListsOfListenersAgree(t *testing.T) {
	t.Parallel()
	for _, addr := range []string{"127.0.0.1:0", "0.0.0.0:0", "[::1]:0", "[::]:0"} {
		l, err := net.Listen("tcp", addr)
		if err != nil {
			t.Logf("%s: %v", addr, err) // a machine without IPv6
			continue
		}
		defer func() { _ = l.Close() }()
		port := l.Addr().(*net.TCPAddr).Port
		conn, err := net.Dial("tcp", l.Addr().String()) // a connection is no listener
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = conn.Close() }()
		fast, err := process.ByDiag(port)
		if err != nil {
			t.Skipf("SKIPPED: no sock_diag here: %v", err)
		}
		slow, err := process.ByProc(port)
		if err != nil || len(fast) != 1 || !slices.Equal(fast, slow) {
			t.Errorf("%s: sock_diag %v, /proc %v (%v)", addr, fast, slow, err)
		}
	}
	if none, err := process.ByDiag(1); err == nil && len(none) > 0 {
		t.Errorf("port 1: %v", none)
	}
}
