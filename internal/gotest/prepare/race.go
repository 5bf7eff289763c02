package prepare

import (
	"context"
	"slices"

	"github.com/samber/lo"
)

// RaceFlags returns the flags of go test for tests with the race detector: it watches all but unwatchedPackages, and
// programs with it are linked with an overlay where that takes less time.
func RaceFlags(ctx context.Context) ([]string, error) {
	folder, err := cacheFolder()
	if err != nil {
		return nil, err
	}
	overlay, err := raceOverlay(ctx, folder)
	if err != nil {
		return nil, err
	}
	return slices.Concat([]string{"-race"}, overlay, lo.Map(unwatchedPackages(), func(packages string, _ int) string {
		return "-gcflags=" + packages + "=-race=false"
	})), nil
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
