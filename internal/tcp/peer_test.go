package tcp_test

import (
	"errors"
	"net"
	"testing"

	"github.com/flowgate-go/flowgate/internal/rightstest"
	"github.com/flowgate-go/flowgate/internal/tcp"
)

func connect(t *testing.T, addr string) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

func TestAConnectionToAProcessOfThisUserIsConfirmed(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ bind, host string }{
		{"127.0.0.1:0", "127.0.0.1"}, {"0.0.0.0:0", "127.0.0.1"}, {"[::1]:0", "::1"},
		{"[::]:0", "127.0.0.1"}, {"[::]:0", "::1"},
	} {
		t.Run(c.bind+" by "+c.host, func(t *testing.T) {
			t.Parallel()
			addr, l := listen(t, c.bind)
			conn := connect(t, net.JoinHostPort(c.host, addrPort(addr)))
			if err := tcp.CheckPeer(conn); err != nil {
				t.Errorf("before it is accepted: %v", err)
			}
			taken, err := l.Accept()
			if err != nil {
				t.Fatal(err)
			}
			defer taken.Close()
			if err := tcp.CheckPeer(conn); err != nil {
				t.Errorf("after it is accepted: %v", err)
			}
			if err := l.Close(); err != nil {
				t.Fatal(err)
			}
			if err := tcp.CheckPeer(conn); err != nil {
				t.Errorf("without the listener: %v", err)
			}
		})
	}
}

func TestAConnectionToAnotherUsersProcessIsNotConfirmed(t *testing.T) {
	t.Parallel()
	for _, host := range []string{"127.0.0.1", "0.0.0.0"} {
		t.Run(host, func(t *testing.T) {
			t.Parallel()
			theirs := rightstest.OtherListens(t, host, 0)
			_, port, _ := net.SplitHostPort(theirs.Addr)
			wantRefused(t, "accepted", net.JoinHostPort("127.0.0.1", port))
			theirs.Pause(t)
			wantRefused(t, "not accepted yet", net.JoinHostPort("127.0.0.1", port))
		})
	}
}

func wantRefused(t *testing.T, state, addr string) {
	t.Helper()
	var refusal *tcp.ForeignPeerError
	if err := tcp.CheckPeer(connect(t, addr)); !errors.As(err, &refusal) || refusal.User == "" {
		t.Errorf("%s: %v", state, err)
	}
}

func TestAConnectionThatLeadsElsewhereIsNotConfirmed(t *testing.T) {
	t.Parallel()
	addr, l := listen(t, "127.0.0.1:0")
	conn := connect(t, addr.String())
	for _, c := range []net.Conn{
		pretended{conn, conn.LocalAddr(), &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: addr.Port}},
		pretended{conn, conn.LocalAddr(), &net.TCPAddr{IP: net.IPv4(127, 0, 0, 2), Port: addr.Port}},
		pretended{conn, conn.LocalAddr(), &net.UnixAddr{Name: "x", Net: "unix"}},
	} {
		if err := tcp.CheckPeer(c); err == nil {
			t.Errorf("%v is confirmed", c.RemoteAddr())
		}
	}
	_ = l
}

// pretended is a connection with other addresses.
type pretended struct {
	net.Conn
	local, remote net.Addr
}

func (p pretended) LocalAddr() net.Addr  { return p.local }
func (p pretended) RemoteAddr() net.Addr { return p.remote }

func addrPort(a *net.TCPAddr) string {
	_, port, _ := net.SplitHostPort(a.String())
	return port
}
