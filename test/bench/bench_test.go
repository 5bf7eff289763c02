// Package bench_test measures the compiled binary from the outside: how long a
// command takes from exec to exit, how much memory it needs, and how long the
// embedded router needs from exec to its first answer. docs/benchmarks.md has a
// baseline.
package bench_test

import (
	"context"
	"flag"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/internal/subprocess"
	"github.com/flowgate-go/flowgate/internal/tcp/tcptest"
	"github.com/flowgate-go/flowgate/internal/trust/trusttest"
)

var binary string

func TestMain(m *testing.M) { os.Exit(inMain(m)) }

func inMain(m *testing.M) int {
	if os.Getenv("BENCH_ROLE") != "" {
		serveRole()
	}
	flag.Parse()
	if flag.Lookup("test.bench").Value.String() == "" { // there are no tests, and nothing to compile for
		return trusttest.Run(m)
	}
	dir, err := os.MkdirTemp("", "flowgate-bench-")
	if err != nil {
		panic(err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	if binary, err = subprocess.CompileFlowGate(context.Background(), "../..", dir); err != nil {
		panic(err)
	}
	return trusttest.Run(m)
}

// command runs the program b.N times in dir and reports wall time and peak memory.
func command(b *testing.B, dir string, program string, args ...string) {
	b.Helper()
	var peak int64
	for b.Loop() {
		cmd := exec.Command(program, args...)
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			b.Fatalf("%v: %s", err, out)
		}
		peak = max(peak, cmd.ProcessState.SysUsage().(*syscall.Rusage).Maxrss)
	}
	if runtime.GOOS == "linux" { // kilobytes there, bytes on macOS
		peak *= 1024
	}
	b.ReportMetric(float64(peak)/1e6, "peak-MB")
	b.ReportMetric(float64(b.Elapsed().Milliseconds())/float64(b.N), "ms/op")
}

func initialised(b *testing.B) string {
	b.Helper()
	dir := b.TempDir()
	cmd := exec.Command(binary, "init")
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		b.Fatalf("%v: %s", err, out)
	}
	return dir
}

func BenchmarkCompiledTarget(b *testing.B) {
	dir := initialised(b)
	for _, target := range []string{"version", "config:show", "profile:list", "status"} {
		b.Run(target, func(b *testing.B) { command(b, dir, binary, target) })
	}
}

// BenchmarkMage compares a target through mage with mage's own work, listing the targets.
func BenchmarkMage(b *testing.B) {
	warm := exec.Command("go", "tool", "mage", "status")
	warm.Dir = "../.."
	if out, err := warm.CombinedOutput(); err != nil {
		b.Fatalf("%v: %s", err, out)
	}
	b.Run("status", func(b *testing.B) { command(b, "../..", "go", "tool", "mage", "status") })
	b.Run("list", func(b *testing.B) { command(b, "../..", "go", "tool", "mage", "-l") })
}

func BenchmarkSmoke(b *testing.B) { command(b, b.TempDir(), binary, "smoke") }

// BenchmarkRouterReady measures from exec until /health/readiness answers 200.
func BenchmarkRouterReady(b *testing.B) {
	settings := writeSettings(b, "settings.yaml", routerSettings("127.0.0.1:9", ""))
	for b.Loop() {
		ready(b, settings)
	}
}

// ready starts a router, ends it, and returns how long it took to get ready.
func ready(b *testing.B, settings string) time.Duration {
	b.Helper()
	port := strconv.Itoa(tcptest.FreePort(b))
	addr := "127.0.0.1:" + port
	cmd := exec.Command(binary, "router:serve", "-settings="+settings, "-port="+port)
	start := time.Now()
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	for deadline := time.Now().Add(5 * time.Second); ; time.Sleep(200 * time.Microsecond) {
		res, err := http.Get("http://" + addr + "/health/readiness")
		if err == nil && res.Body.Close() == nil && res.StatusCode == http.StatusOK {
			break
		}
		if time.Now().After(deadline) {
			b.Fatal("not ready")
		}
	}
	took := time.Since(start)
	b.StopTimer()
	_ = cmd.Process.Signal(syscall.SIGTERM)
	if err := cmd.Wait(); err != nil {
		b.Fatalf("SIGTERM: %v", err)
	}
	b.StartTimer()
	return took
}
