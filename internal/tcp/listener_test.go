package tcp_test

import (
	"net"
	"os"
	"os/user"
	"strconv"
	"strings"
	"testing"

	"github.com/flowgate-go/flowgate/internal/tcp"
	"github.com/flowgate-go/flowgate/internal/tcp/tcptest"
)

func listen(t *testing.T, addr string) (*net.TCPAddr, net.Listener) {
	t.Helper()
	l, err := net.Listen("tcp", addr)
	if err != nil {
		if strings.HasPrefix(addr, "[") {
			t.Skipf("no version 6 of the Internet protocol here: %v", err)
		}
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l.Addr().(*net.TCPAddr), l
}

func TestListenerNamesTheProcessBehindAPort(t *testing.T) {
	t.Parallel()
	me, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ bind, ask string }{
		{"127.0.0.1:0", "127.0.0.1"},
		{"127.0.0.1:0", "localhost"},
		{"127.0.0.1:0", ""},
		{"127.0.0.1:0", "0.0.0.0"},
		{"0.0.0.0:0", "127.0.0.1"},
		{"[::1]:0", "::1"},
		{"[::]:0", "127.0.0.1"},
	} {
		t.Run(c.bind+", asked for "+c.ask, func(t *testing.T) {
			t.Parallel()
			addr, _ := listen(t, c.bind)
			h, ok, err := tcp.FindListener(c.ask, addr.Port)
			if err != nil || !ok || h.PID != os.Getpid() || h.Command == "" || h.User != me.Username {
				t.Errorf("%+v, found %v, %v", h, ok, err)
			}
			if !tcp.IsListening(os.Getpid(), c.ask, addr.Port) {
				t.Error("IsListening returns false")
			}
		})
	}
}

func TestListenerKeepsAddressesApart(t *testing.T) {
	t.Parallel()
	addr, _ := listen(t, "127.0.0.1:0")
	for _, host := range []string{"::1", "127.0.0.2", "192.0.2.1"} {
		if h, ok, err := tcp.FindListener(host, addr.Port); ok || err != nil {
			t.Errorf("127.0.0.1 answers for %s: %+v, %v", host, h, err)
		}
	}
	if tcp.IsListening(os.Getppid(), "127.0.0.1", addr.Port) {
		t.Error("the parent is said to hold our port")
	}
}

func TestPortFreeTellsATakenPortFromAFreeOne(t *testing.T) {
	t.Parallel()
	addr, l := listen(t, "127.0.0.1:"+strconv.Itoa(tcptest.FreePort(t)))
	if err := tcp.CheckFree(t.Context(), addr.String()); err == nil {
		t.Error("a taken port counts as free")
	}
	wild, _ := listen(t, "0.0.0.0:0")
	wild.IP = net.IPv4(127, 0, 0, 1)
	if err := tcp.CheckFree(t.Context(), wild.String()); err == nil {
		t.Error("a port taken on all addresses counts as free on loopback")
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if err := tcp.CheckFree(t.Context(), addr.String()); err != nil {
		t.Errorf("a free port: %v", err)
	}
	if holder, ok, err := tcp.FindListener("127.0.0.1", addr.Port); ok || err != nil {
		t.Errorf("somebody listens on a port that was closed: %+v, %v", holder, err)
	}
}

func BenchmarkListener(b *testing.B) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	for b.Loop() {
		if _, ok, err := tcp.FindListener("127.0.0.1", l.Addr().(*net.TCPAddr).Port); !ok || err != nil {
			b.Fatal(ok, err)
		}
	}
}

func TestAListenerThatOthersCanReachIsOpen(t *testing.T) {
	t.Parallel()
	for addr, want := range map[string]bool{"127.0.0.1:0": false, "0.0.0.0:0": true, "[::]:0": true} {
		t.Run(addr, func(t *testing.T) {
			t.Parallel()
			at, _ := listen(t, addr)
			if got, known := tcp.IsExposed(os.Getpid(), at.Port); !known || got != want {
				t.Errorf("open %v", got)
			}
		})
	}
}
