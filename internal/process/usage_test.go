package process_test

import (
	"errors"
	"net"
	"os"
	"runtime"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/internal/process"
)

func TestMeasureSeesMemoryTimeAndSockets(t *testing.T) {
	t.Parallel()
	// The kernel counts in hundredths of a second: be busy until one shows.
	eventually(t, "some processor time", func() bool {
		for begin := time.Now(); time.Since(begin) < 10*time.Millisecond; {
		}
		u, err := process.ReadUsage(t.Context(), os.Getpid())
		return err == nil && u.RSS > 1<<20 && u.CPU > 0
	})
	if runtime.GOOS == "linux" {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		if now, err := process.ReadUsage(t.Context(), os.Getpid()); err != nil || now.Sockets < 1 ||
			now.Files <= now.Sockets {
			t.Errorf("%+v, %v", now, err)
		}
	}
	if _, err := process.ReadUsage(t.Context(), 1<<22+1); !errors.Is(err, process.ErrGone) {
		t.Errorf("nobody: %v", err)
	}
}

func BenchmarkMeasure(b *testing.B) {
	for b.Loop() {
		if _, err := process.ReadUsage(b.Context(), os.Getpid()); err != nil {
			b.Fatal(err)
		}
	}
}
