package management_test

import (
	"net"
	"strings"
	"syscall"
	"testing"

	"github.com/flowgate-go/flowgate/auth"
	"github.com/flowgate-go/flowgate/auth/management"
	"github.com/flowgate-go/flowgate/internal/config"
)

// TestAServerThatIsLateIsNotTakenForOneThatIsDown has a server that accepts no more connections, as one that does not
// get the processor for a while, and then none.
func TestAServerThatIsLateIsNotTakenForOneThatIsDown(t *testing.T) {
	t.Parallel()
	server, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Bind(server, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Listen(server, 0); err != nil { // one connection waits to be accepted, no more
		t.Fatal(err)
	}
	name, err := syscall.Getsockname(server)
	if err != nil {
		t.Fatal(err)
	}
	at := name.(*syscall.SockaddrInet4)
	first, err := net.DialTCP("tcp", nil, &net.TCPAddr{IP: at.Addr[:], Port: at.Port})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = first.Close() }()
	cfg := &config.Config{Services: []config.Service{{Name: config.CLIProxy, Runtime: "cliproxyapi", Host: "127.0.0.1",
		Port: at.Port}}}
	if why := management.NotReady(cfg, auth.Environment{}); why != "" {
		t.Errorf("while it is late: %s", why)
	}
	_ = syscall.Close(server)
	if why := management.NotReady(cfg, auth.Environment{}); !strings.HasPrefix(why, "CLIProxyAPI does not answer at ") {
		t.Errorf("when it is down: %q", why)
	}
}
