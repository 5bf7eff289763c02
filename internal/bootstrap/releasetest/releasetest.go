// Package releasetest is a double of GitHub's releases API for tests: New makes
// a server whose releases hold real archives of real programs. With Server.Spoil a
// test makes it answer wrongly.
package releasetest

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// Server serves the releases of one repository. The release that was added last is the
// latest.
type Server struct {
	URL        string // for GITHUB_API_URL
	Repository string

	mu       sync.Mutex
	releases []release
	Spoil    func(w http.ResponseWriter, r *http.Request) bool // answers in the server's place when it returns true
	asked    []string
}

type release struct {
	version string
	files   map[string][]byte // by asset name
}

// New starts a server that stops at the end of the test.
func New(t testing.TB) *Server {
	t.Helper()
	s := &Server{Repository: "someone/CLIProxyAPIPlus"}
	web := httptest.NewServer(s)
	t.Cleanup(web.Close)
	s.URL = web.URL
	return s
}

// Asset returns the name of a release's archive for this machine.
func Asset(version string) string {
	return fmt.Sprintf("CLIProxyAPIPlus_%s_%s_%s.tar.gz", version, runtime.GOOS, runtime.GOARCH)
}

// Add adds a release with this archive and its line in checksums.txt.
func (s *Server) Add(version string, archive []byte) {
	sum := sha256.Sum256(archive)
	name := Asset(version)
	s.AddFiles(
		version,
		map[string][]byte{name: archive, "checksums.txt": []byte(hex.EncodeToString(sum[:]) + "  " + name + "\n")},
	)
}

// AddFiles adds a release with these assets.
func (s *Server) AddFiles(version string, files map[string][]byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.releases = append(s.releases, release{version, files})
}

// Asked returns the paths that were requested so far.
func (s *Server) Asked() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.asked)
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.asked = append(s.asked, r.URL.Path)
	releases := slices.Clone(s.releases)
	s.mu.Unlock()
	if s.Spoil != nil && s.Spoil(w, r) {
		return
	}
	if rest, ok := strings.CutPrefix(r.URL.Path, "/repos/"+s.Repository+"/releases/"); ok {
		s.describe(w, releases, rest)
		return
	}
	version, name, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/download/"), "/")
	for _, rel := range releases {
		if data, ok := rel.files[name]; ok && rel.version == version {
			http.ServeContent(w, r, name, time.Time{}, bytes.NewReader(data))
			return
		}
	}
	http.NotFound(w, r)
}

// describe answers with the release that which names: "latest" or "tags/vVERSION".
func (s *Server) describe(w http.ResponseWriter, releases []release, which string) {
	type asset struct {
		Name string `json:"name"`
		URL  string `json:"browser_download_url"`
	}
	for _, rel := range slices.Backward(releases) {
		if which != "latest" && which != "tags/v"+rel.version {
			continue
		}
		var assets []asset
		for name := range rel.files {
			assets = append(assets, asset{name, s.URL + "/download/" + rel.version + "/" + name})
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(map[string]any{"tag_name": "v" + rel.version, "assets": assets})
		return
	}
	w.WriteHeader(http.StatusNotFound)
	_, _ = w.Write([]byte(`{"message":"Not Found"}`))
}

// Program builds source as a program for a system and processor, both "" for this
// machine's.
func Program(t testing.TB, source, system, processor string) []byte {
	t.Helper()
	dir := t.TempDir()
	file, out := filepath.Join(dir, "main.go"), filepath.Join(dir, "out")
	if err := os.WriteFile(file, []byte(source), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("go", "build", "-ldflags=-s -w", "-o", out, file) //nolint:gosec // a test builds its own source
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=")
	if system != "" {
		cmd.Env = append(cmd.Env, "GOOS="+system, "GOARCH="+processor)
	}
	if log, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("build: %v: %s", err, log)
	}
	data, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// Pack returns a release's archive with the files, by name, all executable.
func Pack(t testing.TB, files map[string][]byte) []byte {
	t.Helper()
	var out bytes.Buffer
	zip, err := gzip.NewWriterLevel(&out, gzip.BestSpeed) // with the race detector the best compression takes seconds
	if err != nil {
		t.Fatal(err)
	}
	w := tar.NewWriter(zip)
	for name, data := range files {
		err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o755, Size: int64(len(data)), Typeflag: tar.TypeReg})
		if err == nil {
			_, err = w.Write(data)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(w.Close(), zip.Close()); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}
