package socket_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/internal/router/socket"
)

// connect returns both ends of a new connection.
func connect(t *testing.T) (near, far *net.TCPConn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	accepted, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	near, far = conn.(*net.TCPConn), accepted.(*net.TCPConn)
	t.Cleanup(func() { _, _ = near.Close(), far.Close() })
	return near, far
}

func TestWhatIsWrittenIsRead(t *testing.T) {
	t.Parallel()
	for _, size := range []int{1, 4 << 10, 32 << 10, 33 << 10, 9 << 20} {
		near, far := connect(t)
		sent := bytes.Repeat([]byte("0123456789abcde\n"), size/16+1)[:size]
		var writer sync.WaitGroup
		writer.Go(func() {
			c := socket.New(near)
			defer c.Close()
			for rest := sent; len(rest) > 0; { // short ones, until the socket takes no more, and long ones
				piece := rest[:min(len(rest), 31<<10)]
				n, err := c.Write(piece)
				if err != nil || n < len(piece) {
					t.Errorf("%d of %d bytes were written: %v", n, len(piece), err)
					return
				}
				rest = rest[n:]
			}
		})
		got, err := io.ReadAll(struct{ io.Reader }{socket.New(far)})
		writer.Wait()
		if err != nil || !bytes.Equal(got, sent) {
			t.Errorf("%d bytes: %d came, %v", size, len(got), err)
		}
	}
}

func TestWritesOfSeveralGoroutinesDoNotMix(t *testing.T) {
	t.Parallel()
	near, far := connect(t)
	_ = near.SetWriteBuffer(8 << 10) // so that writes wait for each other
	c := socket.New(near)
	var writers, all sync.WaitGroup
	all.Go(func() {
		for letter := range 4 {
			writers.Go(func() {
				for range 50 {
					if _, err := c.Write(bytes.Repeat([]byte{byte('a' + letter)}, 20_000)); err != nil {
						t.Error(err)
					}
				}
			})
		}
		writers.Wait()
		_ = c.Close()
	})
	got, err := io.ReadAll(far)
	all.Wait()
	if err != nil || len(got) != 4*50*20_000 {
		t.Fatalf("%d bytes, %v", len(got), err)
	}
	for piece := range slices.Chunk(got, 20_000) {
		if len(bytes.Trim(piece, string(piece[:1]))) > 0 {
			t.Fatal("two writes are mixed")
		}
	}
}

func TestReadsOfSeveralGoroutinesDoNotMix(t *testing.T) {
	t.Parallel()
	near, far := connect(t)
	c := socket.New(near)
	var readers sync.WaitGroup
	var counts [4][256]int
	for i := range counts {
		readers.Go(func() {
			for p := make([]byte, 1); ; {
				if n, err := c.Read(p); err != nil || n != 1 {
					return
				}
				counts[i][p[0]]++
			}
		})
	}
	for i := range 10_000 { // one by one, so that reads wait for each other
		if _, err := far.Write([]byte{byte(i)}); err != nil {
			t.Fatal(err)
		}
	}
	_ = far.CloseWrite()
	readers.Wait()
	for i := range 256 {
		want := 10_000 / 256
		if i < 10_000%256 {
			want++
		}
		if got := counts[0][i] + counts[1][i] + counts[2][i] + counts[3][i]; got != want {
			t.Errorf("byte %d came %d times, not %d", i, got, want)
		}
	}
}

func TestAWriteThatFailsSaysHowMuchWasWritten(t *testing.T) {
	t.Parallel()
	near, far := connect(t)
	c := socket.New(near)
	context.AfterFunc(timeout(t), func() { _ = near.SetWriteDeadline(time.Now()) })
	written := 0
	for piece := make([]byte, 31<<10); ; {
		n, err := c.Write(piece)
		written += n
		if err != nil {
			break
		}
	}
	_ = c.Close()
	if got, err := io.ReadAll(far); err != nil || len(got) != written {
		t.Errorf("%d bytes came, %d were written; %v", len(got), written, err)
	}
}

func TestAnEmptyReadIsNotTheEnd(t *testing.T) {
	t.Parallel()
	near, _ := connect(t)
	if n, err := socket.New(near).Read(nil); n != 0 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
}

// failures end a read or a write of a connection in another way each.
var failures = map[string]func(t *testing.T, c net.Conn, near, far *net.TCPConn) error{
	"read after the end": func(_ *testing.T, c net.Conn, _, far *net.TCPConn) error {
		_ = far.Close()
		return readOnce(c)
	},
	"read after a reset": func(_ *testing.T, c net.Conn, _, far *net.TCPConn) error {
		_, _ = far.SetLinger(0), far.Close()
		return readOnce(c)
	},
	"read after a deadline": func(_ *testing.T, c net.Conn, _, _ *net.TCPConn) error {
		_ = c.SetReadDeadline(time.Now().Add(-time.Second))
		return readOnce(c)
	},
	"read until a deadline": func(t *testing.T, c net.Conn, near, _ *net.TCPConn) error {
		context.AfterFunc(timeout(t), func() { _ = near.SetReadDeadline(time.Now()) })
		return readOnce(c)
	},
	"read when closed": func(_ *testing.T, c net.Conn, _, _ *net.TCPConn) error {
		_ = c.Close()
		return readOnce(c)
	},
	"read until closed": func(t *testing.T, c net.Conn, near, _ *net.TCPConn) error {
		context.AfterFunc(timeout(t), func() { _ = near.Close() })
		return readOnce(c)
	},
	"write after a reset": func(_ *testing.T, c net.Conn, _, far *net.TCPConn) error {
		_, _ = far.SetLinger(0), far.Close()
		_ = readOnce(c) // the reset has come
		return fill(c)
	},
	"write until a deadline": func(t *testing.T, c net.Conn, near, _ *net.TCPConn) error {
		context.AfterFunc(timeout(t), func() { _ = near.SetWriteDeadline(time.Now()) })
		return fill(c)
	},
	"write when closed": func(_ *testing.T, c net.Conn, _, _ *net.TCPConn) error {
		_ = c.Close()
		return fill(c)
	},
}

// timeout returns a context that ends soon.
func timeout(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	t.Cleanup(cancel)
	return ctx
}

// readOnce reads, and returns the error.
func readOnce(c net.Conn) error {
	_, err := c.Read(make([]byte, 100))
	return err
}

// fill writes until that fails.
func fill(c net.Conn) error {
	for piece := make([]byte, 10_000); ; {
		if _, err := c.Write(piece); err != nil {
			return err
		}
	}
}

func TestErrorsAreThoseOfATCPConn(t *testing.T) {
	t.Parallel()
	for name, fail := range failures {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			near, far := connect(t)
			want := fail(t, near, near, far)
			wantText := strings.ReplaceAll(want.Error(), near.LocalAddr().String(), "NEAR")
			wantText = strings.ReplaceAll(wantText, near.RemoteAddr().String(), "FAR")
			near, far = connect(t)
			got := fail(t, socket.New(near), near, far)
			gotText := strings.ReplaceAll(got.Error(), near.LocalAddr().String(), "NEAR")
			if gotText = strings.ReplaceAll(gotText, near.RemoteAddr().String(), "FAR"); gotText != wantText {
				t.Errorf("%q, want %q", gotText, wantText)
			}
			for _, target := range []error{io.EOF, net.ErrClosed, os.ErrDeadlineExceeded} {
				if errors.Is(got, target) != errors.Is(want, target) {
					t.Errorf("%v: is %v: %v", got, target, errors.Is(got, target))
				}
			}
		})
	}
}
