package download_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/internal/download"
	"github.com/flowgate-go/flowgate/internal/fault"
)

var content = bytes.Repeat([]byte("0123456789abcdef"), 64<<10/16*8)

func sum(b []byte) string {
	s := sha256.Sum256(b)
	return hex.EncodeToString(s[:])
}

// server answers as handler does and counts the bytes it was asked from.
func server(t *testing.T, handler http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewServer(handler)
	t.Cleanup(s.Close)
	return s.URL
}

func serveWhole(w http.ResponseWriter, r *http.Request) {
	http.ServeContent(w, r, "file.tar.gz", time.Time{}, bytes.NewReader(content))
}

// cutAfter sends so many bytes of what is asked for and closes the connection.
func cutAfter(n int) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		serveWhole(&cutter{ResponseWriter: w, left: n}, r)
	}
}

type cutter struct {
	http.ResponseWriter
	left int
}

func (c *cutter) Write(p []byte) (int, error) {
	n, _ := c.ResponseWriter.Write(p[:min(len(p), c.left)])
	if c.left -= n; c.left == 0 {
		c.ResponseWriter.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	}
	return n, nil
}

func TestACutDownloadGoesOnWhereItWas(t *testing.T) {
	t.Parallel()
	var asked atomic.Int64
	var ranges []string
	url := server(t, func(w http.ResponseWriter, r *http.Request) {
		ranges = append(ranges, r.Header.Get("Range"))
		if asked.Add(1) < 3 {
			cutAfter(100_000)(w, r)
			return
		}
		serveWhole(w, r)
	})
	path := filepath.Join(t.TempDir(), "new", "file")
	var last int64
	got, err := download.Get(t.Context(), download.Request{URL: url, Path: path, SHA256: sum(content),
		Progress: func(done, _ int64) { last = done }})
	if err != nil || got != sum(content) || last != int64(len(content)) {
		t.Fatalf("%s, %v, progress %d", got, err, last)
	}
	if ranges[0] != "" || ranges[1] == "" || ranges[2] == ranges[1] {
		t.Errorf("asked for %q", ranges)
	}
}

func TestALaterProcessGoesOnToo(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, content[:1000], 0o600); err != nil {
		t.Fatal(err)
	}
	var asked string
	url := server(t, func(w http.ResponseWriter, r *http.Request) { asked = r.Header.Get("Range"); serveWhole(w, r) })
	for range 2 { // the second time all of it is there
		if _, err := download.Get(t.Context(), download.Request{URL: url, Path: path, SHA256: sum(content)}); err != nil {
			t.Fatal(err)
		}
	}
	if asked != "bytes=524288-" {
		t.Errorf("asked for %q", asked)
	}
}

func TestABadBeginningIsFetchedAnewOnce(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, []byte("something else"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := download.Get(t.Context(), download.Request{URL: server(t, serveWhole), Path: path,
		SHA256: sum(content)}); err != nil {
		t.Error(err)
	}
}

func TestABadDownloadIsAClearFault(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		handler http.HandlerFunc
		code    string
		keeps   bool
	}{
		"corrupted": {func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(bytes.ToUpper(content)) },
			"checksum-mismatch", false},
		"not found": {http.NotFound, "download-failed", false},
		"web page": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			_, _ = w.Write([]byte("<html>"))
		}, "download-failed", false},
		"always cut": {cutAfter(10), "download-failed", true},
		"stalled": {func(w http.ResponseWriter, r *http.Request) {
			_, _ = w.Write(content[:10])
			w.(http.Flusher).Flush()
			<-r.Context().Done()
		}, "download-failed", true},
		"endless": {func(w http.ResponseWriter, _ *http.Request) {
			for i := 0; i < 3*len(content); i += len(content) {
				_, _ = w.Write(content)
			}
		}, "download-too-large", false},
		"announced too large": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "1073741825")
			_, _ = w.Write(content)
		}, "download-too-large", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "file")
			idle := time.Minute
			if name == "stalled" {
				idle = 100 * time.Millisecond
			}
			_, err := download.Get(t.Context(), download.Request{URL: server(t, c.handler), Path: path, SHA256: sum(content),
				Attempts: 2, Idle: idle, MaxBytes: 1 << 20})
			var f *fault.Error
			if !errors.As(err, &f) || f.Code != c.code || f.Hint == "" {
				t.Fatalf("want %s, got %v", c.code, err)
			}
			if _, err := os.Stat(path); (err == nil) != c.keeps {
				t.Errorf("a beginning is kept: %v", err == nil)
			}
		})
	}
}

func TestASlowServerIsWaitedForAsLongAsSomethingComes(t *testing.T) {
	t.Parallel()
	url := server(t, func(w http.ResponseWriter, _ *http.Request) {
		for i := range 8 {
			_, _ = w.Write(content[i*len(content)/8 : (i+1)*len(content)/8])
			w.(http.Flusher).Flush()
			time.Sleep(300 * time.Millisecond) // the throttle is what is tested: longer in all than the idle time
		}
	})
	_, err := download.Get(t.Context(), download.Request{URL: url, Path: filepath.Join(t.TempDir(), "f"),
		SHA256: sum(content), Idle: 2 * time.Second, Attempts: 1})
	if err != nil {
		t.Error(err)
	}
}
