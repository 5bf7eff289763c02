package security_test

import (
	"crypto/tls"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"syscall"
	"testing"

	"github.com/flowgate-go/flowgate/checks/security"
	"github.com/flowgate-go/flowgate/internal/report"
)

// TestAnythingThatAcceptsConnectionsIsReachable: a server that speaks TLS
// gives no HTTP reply, which is no proof that it refused.
func TestAnythingThatAcceptsConnectionsIsReachable(t *testing.T) {
	t.Parallel()
	outside := otherAddress(t)
	for name, serve := range map[string]func(l net.Listener){
		"TLS": func(l net.Listener) {
			s := httptest.NewUnstartedServer(http.FileServer(http.Dir(".")))
			_ = s.Listener.Close()
			s.Listener = tls.NewListener(l, &tls.Config{MinVersion: tls.VersionTLS12})
			s.Config.ErrorLog = log.New(io.Discard, "", 0)
			s.Start()
			t.Cleanup(s.Close)
		},
		"nothing at all": func(l net.Listener) { go acceptAll(l, func(c net.Conn) { _ = c.Close() }) },
		"another protocol": func(l net.Listener) {
			go acceptAll(l, func(c net.Conn) { _, _ = c.Write([]byte("SSH-2.0-x\r\n")); _ = c.Close() })
		},
	} {
		l, err := net.Listen("tcp", ":0")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = l.Close() })
		serve(l)
		_, port, _ := net.SplitHostPort(l.Addr().String())
		if o := security.ProbeAddresses(t.Context(), net.JoinHostPort(outside, port)); o.Status != report.Fail {
			t.Errorf("%s at another address: %s %+v", name, o.Status, o.Detail)
		}
		if o := security.ProbeAddresses(t.Context(), "127.0.0.1:"+port); o.Status != report.Warn {
			t.Errorf("%s on loopback: %s %+v", name, o.Status, o.Detail)
		}
	}
	port := closedPort(t)
	if o := security.ProbeAddresses(t.Context(), net.JoinHostPort(outside, port)); o.Status != report.Pass {
		t.Errorf("a closed port at another address: %s %+v", o.Status, o.Detail)
	}
	// A service that takes no connection has refused nothing.
	if o := security.ProbeAddresses(t.Context(), "127.0.0.1:"+port); o.Status != report.Warn {
		t.Errorf("a closed port on loopback: %s %+v", o.Status, o.Detail)
	}
}

// closedPort returns a port that refuses connections until the test ends: a socket has
// it that does not listen, so that no other test gets it meanwhile.
func closedPort(t *testing.T) string {
	t.Helper()
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = syscall.Close(fd) })
	if err := syscall.Bind(fd, &syscall.SockaddrInet4{}); err != nil {
		t.Fatal(err)
	}
	bound, err := syscall.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	return strconv.Itoa(bound.(*syscall.SockaddrInet4).Port)
}

// acceptAll serves connections until the listener is closed.
func acceptAll(l net.Listener, serve func(net.Conn)) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		serve(c)
	}
}

// otherAddress is an address of this machine that the network reaches.
func otherAddress(t *testing.T) string {
	t.Helper()
	all, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range all {
		if ip, _, err := net.ParseCIDR(a.String()); err == nil && !ip.IsLoopback() && !ip.IsLinkLocalUnicast() &&
			ip.To4() != nil {
			return ip.String()
		}
	}
	t.Skip("this machine has no address besides loopback")
	return ""
}
