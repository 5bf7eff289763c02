// Package routertest runs a router on a real socket in front of a double of an upstream, for
// the tests of the router's packages. Start takes a configuration, in which UP stands for
// the address of the upstream and DOWN for one where nothing listens; Groups and the
// constants beside it write one. The upstream is the double of upstreamtest, whose replies
// are scripted by the model's name (Start), or one of the test's own (Serve, StartAt,
// StartBefore, StartScripted).
//
// It is larger than other packages because the configurations, the requests, the doubles' replies and the
// clock of these tests stand beside the Stack that they are for.
package routertest

import (
	"bytes"
	"context"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/internal/router"
	"github.com/flowgate-go/flowgate/internal/router/settings"
	"github.com/flowgate-go/flowgate/internal/router/upstreamtest"
)

// Stack is a router on a real socket in front of an upstream.
type Stack struct {
	T        *testing.T
	URL      string
	Router   *router.Router
	Upstream *upstreamtest.Upstream
	Log      *Buffer

	mu    sync.Mutex
	slept []time.Duration // the waits before retries
}

// Buffer is a buffer that several goroutines may use at once.
type Buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

// Write appends p.
func (s *Buffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

// String returns the bytes that have been written.
func (s *Buffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// ClosedAddr returns an address of this machine that refuses connections until the test ends: its
// port is bound and nothing listens there, so that no other process can get it meanwhile.
func ClosedAddr(t testing.TB) string {
	t.Helper()
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	syscall.CloseOnExec(fd)
	t.Cleanup(func() { _ = syscall.Close(fd) })
	if err := syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		t.Fatal(err)
	}
	bound, err := syscall.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(bound.(*syscall.SockaddrInet4).Port))
}

// Load writes yaml into a file and loads it, with the addresses up and down in place of UP
// and DOWN and of those that the recorded configurations have.
func Load(t testing.TB, yaml, up, down string, env map[string]string) (*settings.Settings, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "litellm.active.yaml")
	yaml = strings.NewReplacer("127.0.0.1:9190", up, "127.0.0.1:9199", down, "UP", up, "DOWN", down).Replace(yaml)
	if err := os.WriteFile(path, []byte(yaml), 0o600); err != nil {
		t.Fatal(err)
	}
	return settings.Load(path, func(name string) string { return env[name] })
}

// Start runs a stack until the test ends. Waits before retries are only recorded, unless
// opts has a Sleep.
func Start(t *testing.T, yaml string, opts router.Options) *Stack {
	t.Helper()
	up := upstreamtest.Start(t)
	s := StartAt(t, up.Addr, yaml, opts)
	s.Upstream = up
	return s
}

// StartAt is Start with an upstream of the test's own at addr.
func StartAt(t *testing.T, addr, yaml string, opts router.Options) *Stack {
	t.Helper()
	s := &Stack{T: t, Log: &Buffer{}}
	settings, err := Load(t, yaml, addr, ClosedAddr(t), map[string]string{"LLC_SET": "val-from-env"})
	if err != nil {
		t.Fatal(err)
	}
	opts.Logger = slog.New(slog.NewJSONHandler(s.Log, nil))
	if opts.Sleep == nil {
		opts.Sleep = func(ctx context.Context, d time.Duration) error {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.slept = append(s.slept, d)
			return ctx.Err()
		}
	}
	if s.Router, err = router.New(settings, opts); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(s.Router)
	t.Cleanup(func() {
		server.Close()
		if err := s.Router.Close(); err != nil {
			t.Error(err)
		}
	})
	s.URL = server.URL
	return s
}

// Eventually waits until isDone returns true. It fails the test after 20 s, with a message that
// begins with what.
func Eventually(t *testing.T, what string, isDone func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !isDone(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s: it did not happen within 20 s", what)
		}
	}
}

// StartBefore runs a stack whose deployments reach handler instead of the scripted upstream.
func StartBefore(t *testing.T, yaml string, opts router.Options, handler http.HandlerFunc) *Stack {
	t.Helper()
	up := httptest.NewServer(handler)
	t.Cleanup(up.Close)
	return Start(t, strings.ReplaceAll(yaml, "UP", strings.TrimPrefix(up.URL, "http://")), opts)
}
