package bench_test

import (
	"net/http"
	"os/exec"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/internal/tcp/tcptest"
)

// BenchmarkRollback goes between two generations of a running embedded stack
// that differ in their profile: wall time from exec to exit, requests included,
// and for how long at most the router did not answer that it is ready.
func BenchmarkRollback(b *testing.B) {
	dir := b.TempDir()
	port, upstream := strconv.Itoa(tcptest.FreePort(b)), strconv.Itoa(tcptest.FreePort(b))
	do := func(args ...string) {
		b.Helper()
		cmd := exec.Command(binary, args...)
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			b.Fatalf("%v: %v: %s", args, err, out)
		}
	}
	do("init", "-port="+port, "-upstream-port="+upstream)
	do("start")
	b.Cleanup(func() { do("stop") })
	do("profile:set", "cost")
	watch := watchReadiness("http://127.0.0.1:" + port + "/health/readiness")
	to := 1
	for b.Loop() {
		do("rollback", "-to="+strconv.Itoa(to))
		to = 3 - to
	}
	b.ReportMetric(float64(b.Elapsed().Milliseconds())/float64(b.N), "ms/op")
	b.ReportMetric(float64(watch().Milliseconds()), "longest-unready-ms")
}

// watchReadiness asks until its result is called, which returns the longest time
// between two good answers.
func watchReadiness(url string) (longest func() time.Duration) {
	done, most := make(chan struct{}), time.Duration(0)
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: time.Second}
	var owner sync.WaitGroup
	owner.Go(func() {
		last := time.Now()
		for {
			select {
			case <-done:
				return
			case <-time.After(2 * time.Millisecond):
			}
			res, err := client.Get(url)
			if err != nil {
				continue
			}
			_ = res.Body.Close()
			if now := time.Now(); res.StatusCode == http.StatusOK {
				most, last = max(most, now.Sub(last)), now
			}
		}
	})
	return func() time.Duration { close(done); owner.Wait(); return most }
}

// BenchmarkBootstrapOfWhatIsThere is a bootstrap that finds its version installed.
func BenchmarkBootstrapOfWhatIsThere(b *testing.B) {
	dir := initialised(b)
	cmd := exec.Command(binary, "bootstrap", "cliproxyapi", "-from="+binary, "-version=1.0.0")
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		b.Fatalf("%v: %s", err, out)
	}
	command(b, dir, binary, "bootstrap", "cliproxyapi", "-version=1.0.0")
}
