package bench_test

import (
	"bytes"
	"io"
	"net/http"
	"runtime"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/internal/process"
)

// BenchmarkLargeBodies sends twenty requests of 20 MB at once, which are translated, and
// reports how many were answered and how many were asked to come later, the router's peak
// of memory, and its memory when it is idle again. Give it -benchtime 1x.
func BenchmarkLargeBodies(b *testing.B) {
	upstream := startRole(b, "upstream", "")
	router := routerProcess(b, upstream.addr, "chat")
	body := conversation("messages", 20<<20, false)
	answered, refused := 0, 0
	for b.Loop() {
		var mu sync.Mutex
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() {
				status := postLarge(b, "http://"+router.addr+"/v1/messages", body)
				mu.Lock()
				defer mu.Unlock()
				switch status {
				case http.StatusOK:
					answered++
				case http.StatusServiceUnavailable:
					refused++
				default:
					b.Errorf("status %d", status)
				}
			})
		}
		wg.Wait()
	}
	const idle = 45 << 20
	var usage process.Usage
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(time.Second) {
		var err error
		if usage, err = process.ReadUsage(b.Context(), router.cmd.Process.Pid); err != nil {
			b.Fatal(err)
		}
		if usage.RSS < idle {
			break
		}
		if time.Now().After(deadline) {
			b.Errorf("%d MB are not given back", usage.RSS>>20)
			break
		}
	}
	_ = router.cmd.Process.Signal(syscall.SIGTERM)
	_ = router.cmd.Wait()
	peak := router.cmd.ProcessState.SysUsage().(*syscall.Rusage).Maxrss
	if runtime.GOOS == "linux" { // kilobytes there, bytes on macOS
		peak *= 1024
	}
	b.ReportMetric(float64(answered)/float64(b.N), "answered")
	b.ReportMetric(float64(refused)/float64(b.N), "refused")
	b.ReportMetric(float64(peak)/1e6, "peak-MB")
	b.ReportMetric(float64(usage.RSS)/1e6, "idle-MB")
}

// postLarge sends a request and returns the status of the answer; 0 when there was none.
func postLarge(b *testing.B, url string, body []byte) int {
	req, err := http.NewRequest(http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		b.Error(err)
		return 0
	}
	req.Header.Set("Authorization", "Bearer "+benchKey)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		b.Error(err)
		return 0
	}
	defer func() { _ = res.Body.Close() }()
	_, _ = io.Copy(io.Discard, res.Body) // only the status counts
	return res.StatusCode
}
