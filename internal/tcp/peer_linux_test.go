package tcp_test

import (
	"errors"
	"io/fs"
	"net"
	"net/netip"
	"testing"

	"github.com/flowgate-go/flowgate/internal/tcp"
)

func TestBothWaysToAskForAConnectionAgree(t *testing.T) {
	t.Parallel()
	for _, bind := range []string{"127.0.0.1:0", "[::1]:0", "[::]:0"} {
		addr, l := listen(t, bind)
		host := "127.0.0.1"
		if bind == "[::1]:0" {
			host = "::1"
		}
		conn := connect(t, net.JoinHostPort(host, addrPort(addr)))
		taken, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		defer taken.Close()
		own, other := conn.RemoteAddr().(*net.TCPAddr).AddrPort(), conn.LocalAddr().(*net.TCPAddr).AddrPort()
		byDiag, err := tcp.ConnectionByDiag(own, other)
		byProc, errProc := tcp.ConnectionByProc(own, other)
		if err != nil || errProc != nil || byDiag != byProc {
			t.Errorf("%s: %q (%v) and %q (%v)", bind, byDiag, err, byProc, errProc)
		}
		nobody := netip.AddrPortFrom(other.Addr(), 1)
		_, err = tcp.ConnectionByDiag(own, nobody)
		_, errProc = tcp.ConnectionByProc(own, nobody)
		if !errors.Is(err, fs.ErrNotExist) || !errors.Is(errProc, fs.ErrNotExist) {
			t.Errorf("%s: a connection that is not there: %v and %v", bind, err, errProc)
		}
	}
}

func FuzzDiagReply(f *testing.F) {
	f.Add([]byte{})
	f.Add(make([]byte, 16))
	f.Add(append([]byte{36, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 254, 255, 255, 255}, make([]byte, 16)...))
	f.Add(append([]byte{88, 0, 0, 0, 20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, make([]byte, 72)...))
	f.Fuzz(func(_ *testing.T, reply []byte) { _ = tcp.ParseDiagReply(reply) })
}
