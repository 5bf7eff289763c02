package tasks

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
	"slices"
	"strings"

	"github.com/samber/lo"

	"github.com/flowgate-go/flowgate/internal/fault"
)

// homeGuard gives the tests a home folder of their own, which must stay empty: they never see the developer's.
type homeGuard struct {
	home  string   // of the tests
	tools []string // variables that have other programs find what they find without them
}

// newHomeGuard makes an empty home folder. Its path is always the same, because go test does
// not reuse a result when a variable that the test reads has changed.
func newHomeGuard(ctx context.Context) (*homeGuard, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return nil, fmt.Errorf("make a home folder for the tests: %w", err)
	}
	tools, err := toolFolders(ctx)
	if err != nil {
		return nil, err
	}
	g := &homeGuard{home: filepath.Join(cache, "flowgate", "test-home"), tools: tools}
	if err := g.close(); err != nil {
		return nil, fmt.Errorf("empty the home folder of the tests: %w", err)
	}
	if err := os.MkdirAll(g.home, 0o700); err != nil {
		return nil, fmt.Errorf("make a home folder for the tests: %w", err)
	}
	return g, nil
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
		folders["MAGEFILE_CACHE"] = cmp.Or(started.getenv("MAGEFILE_CACHE"), filepath.Join(home, ".magefile"))
	}
	return lo.Map(slices.Sorted(maps.Keys(folders)), func(name string, _ int) string {
		return name + "=" + folders[name]
	}), nil
}

// env returns what the environment of the tests has in addition.
func (g *homeGuard) env() []string {
	return append([]string{"HOME=" + g.home, "XDG_CACHE_HOME=", "XDG_CONFIG_HOME=", "XDG_DATA_HOME=", "XDG_STATE_HOME="},
		g.tools...)
}

// check returns the fault tests-left-files when a test wrote into its home folder.
func (g *homeGuard) check() error {
	var left []string
	err := filepath.WalkDir(g.home, func(path string, d fs.DirEntry, err error) error {
		name := strings.TrimPrefix(path, g.home+"/")
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

// close removes the home folder.
func (g *homeGuard) close() error { return os.RemoveAll(g.home) }
