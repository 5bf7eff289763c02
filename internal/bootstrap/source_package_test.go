package bootstrap_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/flowgate-go/flowgate/internal/bootstrap"
)

// sourcePackage returns a source distribution whose build backend, which it brings
// itself, writes the file tripwire when it is built.
func sourcePackage(t *testing.T, tripwire string) []byte {
	t.Helper()
	var out bytes.Buffer
	zip := gzip.NewWriter(&out)
	w := tar.NewWriter(zip)
	for name, text := range map[string]string{
		"PKG-INFO":       "Metadata-Version: 2.1\nName: tripwire\nVersion: 1.0\n",
		"pyproject.toml": "[build-system]\nrequires = []\nbuild-backend = \"backend\"\nbackend-path = [\".\"]\n",
		"backend.py":     fmt.Sprintf("open(%q, 'w').write('built')\n", tripwire),
	} {
		err := w.WriteHeader(
			&tar.Header{Name: "tripwire-1.0/" + name, Mode: 0o644, Size: int64(len(text)), Typeflag: tar.TypeReg},
		)
		if err == nil {
			_, err = w.Write([]byte(text))
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

// TestAnIndexThatOnlyHasSourcePackagesRunsNoCode: building one would run code
// that no digest in the lock covers.
func TestAnIndexThatOnlyHasSourcePackagesRunsNoCode(t *testing.T) {
	if _, err := exec.LookPath("python3"); err != nil {
		t.Skip("python3 is not installed")
	}
	tripwire := filepath.Join(t.TempDir(), "fired")
	data := sourcePackage(t, tripwire)
	asked := false
	index := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/simple/tripwire/":
			asked = true
			w.Header().Set("Content-Type", "text/html")
			_, _ = w.Write([]byte(`<!DOCTYPE html><a href="/tripwire-1.0.tar.gz">tripwire-1.0.tar.gz</a>`))
		case "/tripwire-1.0.tar.gz":
			_, _ = w.Write(data)
		default:
			http.NotFound(w, r)
		}
	}))
	t.Cleanup(index.Close)
	t.Setenv("PIP_INDEX_URL", index.URL+"/simple/")
	t.Setenv("UV_INDEX_URL", index.URL+"/simple/")
	t.Setenv("PIP_NO_BINARY", ":all:") // what a user set does not bring it back
	dir := t.TempDir()
	err := bootstrap.CreateEnvironment(t.Context(), dir, []byte("tripwire==1.0\n"))
	wantFault(t, err, "packages-failed", "tripwire")
	if !asked {
		t.Error("the index was not asked")
	}
	if _, err := os.Stat(tripwire); err == nil {
		t.Error("the package was built: its code ran")
	}
}
