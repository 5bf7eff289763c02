package control_test

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/flowgate-go/flowgate/supervisor/control"
)

// TestOnAFileSystemWithoutSocketsTheShortPathIsTaken has a double answer for the
// file system: none without sockets can be mounted everywhere.
func TestOnAFileSystemWithoutSocketsTheShortPathIsTaken(t *testing.T) {
	t.Parallel()
	dir, err := os.MkdirTemp("", "fg") // whose path is short enough for a socket wherever temporary files are
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	for _, lack := range []error{syscall.EOPNOTSUPP, syscall.EPERM, syscall.EACCES} {
		l, at, err := control.ListenWithFallback(control.SocketPath(dir), dir, func(path string) (*net.UnixListener, error) {
			if filepath.Dir(path) == dir {
				return nil, fmt.Errorf("open the control socket: %w",
					&net.OpError{Op: "listen", Err: os.NewSyscallError("bind", lack)})
			}
			return control.Listen(path)
		})
		if errors.Is(lack, syscall.EACCES) { // which says nothing of sockets
			if err == nil || filepath.Dir(at) != dir {
				t.Errorf("%v: at %s, %v", lack, at, err)
			}
			continue
		}
		if err != nil || !strings.HasPrefix(at, "/tmp/flowgate-"+strconv.Itoa(os.Geteuid())+"/") {
			t.Fatalf("%v: at %s, %v", lack, at, err)
		}
		conn, err := net.Dial("unix", at)
		if err != nil {
			t.Errorf("%v: nobody listens at %s: %v", lack, at, err)
		} else {
			_ = conn.Close()
		}
		_ = l.Close()
		_ = os.Remove(at)
	}
}
