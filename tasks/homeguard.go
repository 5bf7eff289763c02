package tasks

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/flowgate-go/flowgate/internal/fault"
)

// homeGuard checks that tests leave the developer's own folders alone. The tests get a state
// folder of the guard, which must stay empty. Other new entries of the home folder are only
// named, because another program may have made them.
type homeGuard struct {
	state  string   // the state folder of the tests
	home   string   // the developer's home folder; "" when there is none
	before []string // homeEntries before the tests
}

// newHomeGuard makes an empty state folder. Its path is always the same, because go test does
// not reuse a result when a variable that the test reads has changed.
func newHomeGuard() (*homeGuard, error) {
	cache, err := os.UserCacheDir()
	state := filepath.Join(cache, "flowgate", "test-state")
	if err == nil {
		err = os.RemoveAll(state)
	}
	if err == nil {
		err = os.MkdirAll(state, 0o700)
	}
	if err != nil {
		return nil, fmt.Errorf("make a state folder for the tests: %w", err)
	}
	home, _ := os.UserHomeDir() // without one there is nothing to guard
	return &homeGuard{state: state, home: home, before: homeEntries(home)}, nil
}

// env returns what the environment of the tests has in addition.
func (g *homeGuard) env() []string { return []string{"XDG_STATE_HOME=" + g.state} }

// check writes to out what is new in the home folder, and returns the fault
// tests-left-state if a test wrote into the state folder.
func (g *homeGuard) check(out io.Writer) error {
	for _, name := range homeEntries(g.home) {
		if !slices.Contains(g.before, name) {
			if _, err := fmt.Fprintf(out, "NEW IN THE HOME FOLDER: %s\n", filepath.Join(g.home, name)); err != nil {
				return err
			}
		}
	}
	var left []string
	err := filepath.WalkDir(g.state, func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			left = append(left, strings.TrimPrefix(path, g.state+"/"))
		}
		return err
	})
	if err != nil || len(left) == 0 {
		return err
	}
	return fault.New("tests-left-state", "a test wrote into the user's state folder: %s", strings.Join(left, ", ")).
		WithHint("its package has to call trusttest.Run in TestMain, or the test to set XDG_STATE_HOME for what it starts")
}

// close removes the state folder.
func (g *homeGuard) close() { _ = os.RemoveAll(g.state) }

// homeEntries returns what is directly in the home folder and in those of its folders
// where programs keep things, relative to it.
func homeEntries(home string) (names []string) {
	if home == "" {
		return nil
	}
	for _, folder := range [...]string{".", ".config", ".local/share", ".local/state", ".codex", ".claude"} {
		entries, _ := os.ReadDir(filepath.Join(home, folder)) // a folder that is not there has none
		for _, e := range entries {
			names = append(names, filepath.Join(folder, e.Name()))
		}
	}
	return names
}
