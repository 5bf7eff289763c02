// Package selfexec tells how to execute the running program again: Path for this process,
// SharedPath for another one. IsMageBuild tells whether it was compiled for one use.
package selfexec

import (
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
)

// IsMageBuild reports whether mage or go run compiled the program at path for one use,
// from the source in the user's working folder: then the code of that folder runs anyway.
// An installed binary is not such a build.
func IsMageBuild(path string) bool {
	return IsInMageCache(path, os.Getenv("MAGEFILE_CACHE")) || IsInGoCache(path)
}

// IsInMageCache reports whether mage compiled the program at path. cache is the environment
// variable MAGEFILE_CACHE.
func IsInMageCache(path, cache string) bool {
	path = filepath.ToSlash(path)
	return strings.Contains(path, "/.magefile/") ||
		cache != "" && strings.HasPrefix(path, filepath.ToSlash(filepath.Clean(cache))+"/")
}

// IsInGoCache reports whether `go run` or `go tool` compiled the program at path. It is in go's
// cache, which GOCACHE may put anywhere, or below a temporary folder go-build…. In the cache a
// program lies in a folder with its hash (cmd/go/internal/cache, PutExecutable):
// 26/265590…b351-d/flowgate.
func IsInGoCache(path string) bool {
	path = filepath.ToSlash(path)
	if strings.Contains(path, "/go-build") {
		return true
	}
	folder := filepath.Dir(path)
	hash, isEntry := strings.CutSuffix(filepath.Base(folder), "-d")
	sum, err := hex.DecodeString(hash)
	return isEntry && err == nil && len(sum) == 32 && filepath.Base(filepath.Dir(folder)) == hash[:2]
}
