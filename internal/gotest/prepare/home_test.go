package prepare

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/flowgate-go/flowgate/internal/fault"
)

func TestATestThatWritesIntoItsUsersHomeIsReported(t *testing.T) {
	keepCachesElsewhere(t)
	h, err := NewHome(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	put := func(file string) {
		t.Helper()
		path := filepath.Join(h.folder, file)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte("{}"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	put(".config/go/telemetry/mode")
	put(".rustup/settings.toml")
	if err := h.Check(); err != nil {
		t.Errorf("what other programs keep: %v", err)
	}
	put(".local/state/flowgate/trust.json")
	put(".codex/auth.json")
	if err := h.Check(); !fault.HasCode(err, "tests-left-files") ||
		!strings.Contains(err.Error(), ": .codex/auth.json, .local/state/flowgate/trust.json") {
		t.Errorf("%v", err)
	}
	if again, err := NewHome(t.Context()); err != nil || again.folder != h.folder || again.Check() != nil {
		t.Errorf("the next run: %+v, %v", again, err)
	}
}

func TestTestsHaveAnotherHomeAndTheSameGo(t *testing.T) {
	keepCachesElsewhere(t)
	h, err := NewHome(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	folders := func(env ...string) string {
		t.Helper()
		cmd := exec.Command("sh", "-c", `go env GOCACHE GOENV GOMODCACHE GOPATH; echo "$HOME"`)
		cmd.Env = append(os.Environ(), env...)
		out, err := cmd.Output()
		if err != nil {
			t.Fatal(err)
		}
		return string(out)
	}
	telemetry := exec.Command("go", "env", "GOTELEMETRY")
	telemetry.Env = append(os.Environ(), h.Env()...)
	if mode, err := telemetry.Output(); err != nil || strings.TrimSpace(string(mode)) != "off" {
		t.Errorf("go's telemetry is %q, %v", mode, err)
	}
	before, after := strings.Fields(folders()), strings.Fields(folders(h.Env()...))
	if last := len(before) - 1; !slices.Equal(before[:last], after[:last]) || after[last] != h.folder {
		t.Errorf("%q became %q", before, after)
	}
}

// keepCachesElsewhere has the developer's caches below another folder, also those of macOS, while the test runs.
func keepCachesElsewhere(t *testing.T) {
	t.Helper()
	other := &Home{folder: t.TempDir()}
	if err := other.endTelemetry(); err != nil {
		t.Fatal(err)
	}
	t.Setenv("HOME", other.folder)
	t.Setenv("XDG_CACHE_HOME", filepath.Join(other.folder, "cache"))
}
