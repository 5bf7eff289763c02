package supervisortest

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/internal/config"
)

// CountProbes returns how many probes a service has had.
func CountProbes(t testing.TB, svc config.Service) (n int) {
	t.Helper()
	resp, err := http.Get(svc.URL() + "/asked")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if _, err := fmt.Fscan(resp.Body, &n); err != nil {
		t.Fatal(err)
	}
	return n
}

// OpenAbove lets every user enter and write the folders above path, up to the one for temporary files, or the first
// one that every user may write already: these and those above, such as a home, are none of the test's.
func OpenAbove(t *testing.T, path string) {
	t.Helper()
	for dir := filepath.Dir(path); dir != "/" && dir != filepath.Clean(os.TempDir()); dir = filepath.Dir(dir) {
		info, err := os.Stat(dir)
		if err == nil && info.Mode().Perm()&0o002 != 0 {
			return
		}
		if err == nil {
			err = os.Chmod(dir, 0o777)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// QuickLiveness returns a liveness probe that fails within a fraction of a second.
func QuickLiveness() *config.Probe {
	return &config.Probe{HTTP: "/ready", Interval: config.Span(30 * time.Millisecond),
		Timeout: config.Span(300 * time.Millisecond), Failures: 3}
}

// Answers reports whether a service answers its readiness path.
func Answers(url string) bool {
	resp, err := http.Get(url + "/ready") //nolint:noctx // a service of the test
	if err != nil {
		return false
	}
	_ = resp.Body.Close()
	return resp.StatusCode == http.StatusOK
}
