package bench_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// BenchmarkOpenStreams opens so many streams through a router, of which each has had its first event, and
// reports what the router's process holds for one of them: memory, files, and processor time to open it.
// The figures of docs/scale.md come from it.
func BenchmarkOpenStreams(b *testing.B) {
	for _, streams := range []int{1000, 4000} {
		b.Run(strconv.Itoa(streams), func(b *testing.B) {
			for range b.N {
				measureStreams(b, streams)
			}
		})
	}
}

// measureStreams measures a router with open streams.
func measureStreams(b *testing.B, streams int) {
	held := make(chan struct{})
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "text/event-stream")
		_, _ = fmt.Fprintf(w, replies["/v1/chat/completions"].piece, 0)
		w.(http.Flusher).Flush()
		<-held
	}))
	defer upstream.Close()
	s := routerProcess(b, strings.TrimPrefix(upstream.URL, "http://"), "")
	transport := &http.Transport{DisableCompression: true}
	var open sync.WaitGroup
	openStreams(b, &open, transport, s, 1)
	before, files := memoryOf(b, s.cmd.Process.Pid), filesOf(b, s.cmd.Process.Pid)
	began, err := processTime(b.Context(), s.cmd.Process.Pid)
	if err != nil {
		b.Fatal(err)
	}
	openStreams(b, &open, transport, s, streams)
	took, err := processTime(b.Context(), s.cmd.Process.Pid)
	if err != nil {
		b.Fatal(err)
	}
	n := float64(streams)
	b.ReportMetric(float64(memoryOf(b, s.cmd.Process.Pid)-before)/n, "kB/stream")
	b.ReportMetric(float64(filesOf(b, s.cmd.Process.Pid)-files)/n, "files/stream")
	b.ReportMetric(float64((took-began).Microseconds())/n, "cpu-µs/stream")
	b.ReportMetric(float64(before)/1024, "MB-before")
	close(held)
	open.Wait()
	transport.CloseIdleConnections()
	s.end()
}

// openStreams opens streams and waits for the first event of each; open has those that have not ended.
func openStreams(b *testing.B, open *sync.WaitGroup, transport *http.Transport, s *server, streams int) {
	b.Helper()
	body := request(1<<10, true)
	places := make(chan struct{}, 64) // so many are opened at once
	var begun sync.WaitGroup
	for range streams {
		places <- struct{}{}
		begun.Add(1)
		open.Go(func() {
			res, err := openStream(transport, "http://"+s.addr+"/v1/chat/completions", body)
			<-places
			begun.Done()
			if err != nil {
				b.Error(err)
				return
			}
			_, _ = io.Copy(io.Discard, res.Body)
			_ = res.Body.Close()
		})
	}
	begun.Wait()
}

// openStream sends a request and reads the beginning of its stream.
func openStream(transport *http.Transport, url string, body []byte) (*http.Response, error) {
	req, err := http.NewRequest(http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+benchKey)
	req.Header.Set("Content-Type", "application/json")
	res, err := transport.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	if _, err := io.ReadFull(res.Body, make([]byte, 20)); err != nil || res.StatusCode != http.StatusOK {
		_ = res.Body.Close()
		return nil, fmt.Errorf("status %d: %w", res.StatusCode, err)
	}
	return res, nil
}

// memoryOf returns how much memory of a process is resident, in kB.
func memoryOf(b *testing.B, pid int) int {
	b.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		b.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), "VmRSS:")
	n, err := strconv.Atoi(strings.Fields(rest)[0])
	if err != nil {
		b.Fatal(err)
	}
	return n
}

// filesOf returns how many files a process has open.
func filesOf(b *testing.B, pid int) int {
	b.Helper()
	files, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid))
	if err != nil {
		b.Fatal(err)
	}
	return len(files)
}
