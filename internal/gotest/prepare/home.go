package prepare

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/samber/lo"

	"github.com/flowgate-go/flowgate/internal/fault"
)

// Home is a home folder for the tests, which must stay empty: they never see the developer's.
type Home struct {
	folder string
	tools  []string // variables that have other programs find what they find without them
}

// NewHome makes an empty home folder. Its path is always the same, because go test does
// not reuse a result when a variable that the test reads has changed.
func NewHome(ctx context.Context) (*Home, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return nil, fmt.Errorf("make a home folder for the tests: %w", err)
	}
	tools, err := toolFolders(ctx)
	if err != nil {
		return nil, err
	}
	h := &Home{folder: filepath.Join(cache, "flowgate", "test-home"), tools: tools}
	if err := h.Close(); err != nil {
		return nil, fmt.Errorf("empty the home folder of the tests: %w", err)
	}
	if err := os.MkdirAll(h.folder, 0o700); err != nil {
		return nil, fmt.Errorf("make a home folder for the tests: %w", err)
	}
	if err := h.endTelemetry(); err != nil {
		return nil, fmt.Errorf("make a home folder for the tests: %w", err)
	}
	return h, nil
}

// endTelemetry has go write no telemetry into the home folder: go does so in the background, also while the folder is
// being removed.
func (h *Home) endTelemetry() error {
	folder := filepath.Join(h.folder, ".config", "go", "telemetry")
	if runtime.GOOS == "darwin" {
		folder = filepath.Join(h.folder, "Library", "Application Support", "go", "telemetry")
	}
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(folder, "mode"), []byte("off"), 0o600)
}

// toolFolders returns the environment variables of folders that are below the home folder unless something else is set:
// those of go and of mage.
func toolFolders(ctx context.Context) ([]string, error) {
	out, err := exec.CommandContext(ctx, "go", "env", "-json", "GOCACHE", "GOENV", "GOMODCACHE", "GOPATH").Output()
	if err != nil {
		return nil, fmt.Errorf("go env: %w", err)
	}
	folders := map[string]string{}
	if err := json.Unmarshal(out, &folders); err != nil {
		return nil, fmt.Errorf("go env: %w", err)
	}
	if home, err := os.UserHomeDir(); err == nil {
		folders["MAGEFILE_CACHE"] = cmp.Or(os.Getenv("MAGEFILE_CACHE"), filepath.Join(home, ".magefile"))
	}
	return lo.Map(slices.Sorted(maps.Keys(folders)), func(name string, _ int) string {
		return name + "=" + folders[name]
	}), nil
}

// Env returns what the environment of the tests has in addition.
func (h *Home) Env() []string {
	return append([]string{"HOME=" + h.folder, "XDG_CACHE_HOME=", "XDG_CONFIG_HOME=", "XDG_DATA_HOME=", "XDG_STATE_HOME="},
		h.tools...)
}

// Check returns the fault tests-left-files when a test wrote into its home folder.
func (h *Home) Check() error {
	var left []string
	err := filepath.WalkDir(h.folder, func(path string, d fs.DirEntry, err error) error {
		name := strings.TrimPrefix(path, h.folder+"/")
		switch name {
		case ".config/go", "Library/Application Support/go", // go's own, for its telemetry
			".rustup": // rustup's own: pip asks rustc for its version
			return fs.SkipDir
		}
		if err == nil && !d.IsDir() {
			left = append(left, name)
		}
		return err
	})
	if err != nil || len(left) == 0 {
		return err
	}
	return fault.New("tests-left-files", "a test wrote into the home folder of its user: %s", strings.Join(left, ", ")).
		WithHint("its package has to call trusttest.Run in TestMain, or the test to set HOME for what it starts")
}

// Close removes the home folder.
func (h *Home) Close() error { return os.RemoveAll(h.folder) }
