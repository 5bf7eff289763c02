package tcp_test

import (
	"net"
	"slices"
	"testing"

	"github.com/flowgate-go/flowgate/internal/tcp"
)

func TestTheKernelsTwoListsOfListenersAgree(t *testing.T) {
	t.Parallel()
	for _, addr := range []string{"127.0.0.1:0", "0.0.0.0:0", "[::1]:0", "[::]:0"} {
		t.Run(addr, func(t *testing.T) {
			t.Parallel()
			at, l := listen(t, addr)
			conn, err := net.Dial("tcp", l.Addr().String()) // a connection is not a listener
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = conn.Close() }()
			fast, err := tcp.ByDiag(at.Port)
			if err != nil {
				t.Skipf("no sock_diag here: %v", err)
			}
			slow, err := tcp.ByProc(at.Port)
			if err != nil || len(fast) != 1 || !slices.Equal(fast, slow) {
				t.Errorf("sock_diag %v, /proc %v (%v)", fast, slow, err)
			}
		})
	}
	if none, err := tcp.ByDiag(1); err == nil && len(none) > 0 {
		t.Errorf("port 1: %v", none)
	}
}
