package download_test

import (
	"bytes"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/internal/download"
)

// serveTagged serves data with an ETag, or a Last-Modified time where the tag is one.
func serveTagged(tag string, data []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if tag != "" {
			w.Header().Set("ETag", tag)
		}
		http.ServeContent(w, r, "file.tar.gz", time.Time{}, bytes.NewReader(data))
	}
}

// TestHalvesOfTwoFilesAreNotJoined: without a digest nothing else would notice.
func TestHalvesOfTwoFilesAreNotJoined(t *testing.T) {
	t.Parallel()
	replaced := bytes.ToUpper(content)
	for name, c := range map[string]struct{ before, after string }{
		"another tag":  {`"one"`, `"two"`},
		"no tag":       {"", ""},
		"weak tag":     {`W/"one"`, `W/"one"`},
		"tag is lost":  {`"one"`, ""},
		"tag is newer": {"", `"two"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var asked atomic.Int64
			url := server(t, func(w http.ResponseWriter, r *http.Request) {
				if asked.Add(1) == 1 {
					serveTagged(c.before, content)(&cutter{ResponseWriter: w, left: 100_000}, r)
					return
				}
				serveTagged(c.after, replaced)(w, r)
			})
			path := filepath.Join(t.TempDir(), "file")
			got, err := download.Get(t.Context(), download.Request{URL: url, Path: path})
			if err != nil || got != sum(replaced) {
				t.Errorf("%s, %v: not the file that the server has now", got, err)
			}
		})
	}
}

func TestTheSameFileGoesOnWithoutADigest(t *testing.T) {
	t.Parallel()
	var asked atomic.Int64
	var part string
	url := server(t, func(w http.ResponseWriter, r *http.Request) {
		if asked.Add(1) == 1 {
			serveTagged(`"one"`, content)(&cutter{ResponseWriter: w, left: 100_000}, r)
			return
		}
		part = r.Header.Get("Range")
		serveTagged(`"one"`, content)(w, r)
	})
	path := filepath.Join(t.TempDir(), "file")
	got, err := download.Get(t.Context(), download.Request{URL: url, Path: path})
	if err != nil || got != sum(content) || part != "bytes=100000-" {
		t.Errorf("%s, %v, asked for %q", got, err, part)
	}
	if left, _ := filepath.Glob(path + "?*"); len(left) > 0 {
		t.Errorf("left beside the file: %v", left)
	}
}

func TestAPartThatWasNotAskedForIsNotAppended(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, content[:1000], 0o600); err != nil {
		t.Fatal(err)
	}
	var asked atomic.Int64
	url := server(t, func(w http.ResponseWriter, r *http.Request) {
		if asked.Add(1) == 1 {
			w.Header().Set("Content-Range", "bytes 2000-524287/524288")
			w.WriteHeader(http.StatusPartialContent)
			_, _ = w.Write(content[2000:])
			return
		}
		serveWhole(w, r)
	})
	got, err := download.Get(t.Context(), download.Request{URL: url, Path: path, SHA256: sum(content), Attempts: 2})
	if err != nil || got != sum(content) || asked.Load() != 2 {
		t.Errorf("%s, %v after %d requests", got, err, asked.Load())
	}
}

func TestABeginningLongerThanTheFileIsDropped(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, append(bytes.Clone(content), 'x'), 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := download.Get(t.Context(), download.Request{URL: server(t, serveWhole), Path: path, SHA256: sum(content)})
	if err != nil || got != sum(content) {
		t.Errorf("%s, %v", got, err)
	}
}

func TestALinkInThePlaceOfThePartialFileIsNotFollowed(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	mine := filepath.Join(dir, "mine")
	if err := os.WriteFile(mine, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "file")
	if err := os.Symlink(mine, path); err != nil {
		t.Fatal(err)
	}
	_, err := download.Get(t.Context(), download.Request{URL: server(t, serveWhole), Path: path, SHA256: sum(content)})
	if data, _ := os.ReadFile(mine); string(data) != "mine" {
		t.Errorf("the linked file was written (%v)", err)
	}
}

func TestOnlySecureAddressesAreFetched(t *testing.T) {
	t.Parallel()
	for address, secure := range map[string]bool{
		"https://example.com/a": true, "http://127.0.0.1:1/a": true, "http://127.9.9.9/a": true, "http://[::1]:1/a": true,
		"http://LOCALHOST/a": true, "http://[::ffff:127.0.0.1]/a": true, "HTTPS://example.com/a": true,
		"http://example.com/a": false, "http://127.0.0.1.example.com/a": false, "http://localhost.example.com": false,
		"http://0.0.0.0/a": false, "ftp://127.0.0.1/a": false, "file:///etc/passwd": false, "//example.com/a": false,
		"https:///a": false, "": false, "http://10.0.0.1/a": false, "http://user:secret@example.com/": false, ":\x00": false,
	} {
		err := download.RequireSecure(address)
		if (err == nil) != secure {
			t.Errorf("%q: %v", address, err)
		}
		if err != nil && strings.Contains(err.Error(), "secret") {
			t.Errorf("the message has the password: %v", err)
		}
	}
}
