package prepare

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// RaceFlags returns the flags of go test for tests of the module in a folder with the race detector: it watches all
// but unwatchedPackages, and programs with it are linked with an overlay where that takes less time.
func RaceFlags(ctx context.Context, module string) ([]string, error) {
	folder, err := cacheFolder()
	if err != nil {
		return nil, err
	}
	overlay, err := raceOverlay(ctx, folder)
	if err != nil {
		return nil, err
	}
	unwatched, err := unwatchedFlags(ctx, module)
	return slices.Concat([]string{"-race"}, overlay, unwatched), err
}

// unwatchedFlags returns flags of go test in the folder of a module for each of unwatchedPackages. They name the folder
// of the package: go compiles the import path in such a flag as a regular expression for each package of each test
// program anew, which took go 14 s of CPU before the first test began, and compares a folder.
func unwatchedFlags(ctx context.Context, module string) ([]string, error) {
	args := append([]string{"list", "-C=" + module, "-e", "-f={{.ImportPath}} {{.Dir}}"}, unwatchedPackages()...)
	list := exec.CommandContext(ctx, "go", args...) //nolint:gosec // the arguments are this package's own
	out, err := list.Output()
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		return nil, fmt.Errorf("%s: %w\n%s", strings.Join(list.Args, " "), err, exit.Stderr)
	} else if err != nil {
		return nil, err
	}
	// As go names it, which joins it with the flags: the folder may be reached through a symbolic link.
	goMod, err := exec.CommandContext(ctx, "go", "env", "-C="+module, "GOMOD").Output() //nolint:gosec // a folder of ours
	if err != nil {
		return nil, fmt.Errorf("go env GOMOD: %w", err)
	}
	base := filepath.Dir(strings.TrimSpace(string(goMod)))
	var flags []string
	for line := range strings.Lines(string(out)) {
		name, folder, _ := strings.Cut(strings.TrimSpace(line), " ")
		if folder == "" { // not a package of this module's build
			continue
		}
		if relative, err := filepath.Rel(base, folder); err == nil && !strings.Contains(relative, "=") {
			name = "./" + filepath.ToSlash(relative)
		}
		flags = append(flags, "-gcflags="+name+"=-race=false")
	}
	return flags, nil
}

// unwatchedPackages returns patterns of packages that the race detector does not watch: SQLite, the ciphers, regular
// expressions, the search for secrets in a text, the reading of YAML and compression. They compute much with what one
// goroutine gave them, and take four to ten times as long when each of their accesses is watched. Everything that
// goroutines of ours share stays watched.
//
// So does each package that uses atomic variables or sync.Map. The race detector would not see what they put in order,
// and report races that are none, in such a package and elsewhere: the linker keeps one copy of the code of a generic
// type such as sync.Map is made of, and that may be the copy of the package that is not watched.
func unwatchedPackages() []string {
	return []string{
		"github.com/ncruces/go-sqlite3-wasm/...",
		"golang.org/x/crypto/blowfish",
		"golang.org/x/crypto/chacha20",
		"golang.org/x/crypto/internal/poly1305",
		"golang.org/x/crypto/pbkdf2",
		"golang.org/x/crypto/scrypt",
		"regexp/...",
		"github.com/flowgate-go/flowgate/internal/secret/match",
		"github.com/goccy/go-yaml/scanner",
		"github.com/goccy/go-yaml/lexer",
		"github.com/goccy/go-yaml/token",
		"github.com/goccy/go-yaml/parser",
		"github.com/andybalholm/brotli/...",
		"compress/...",
		"github.com/klauspost/compress/zstd/...",
		"github.com/klauspost/compress/huff0",
	}
}
