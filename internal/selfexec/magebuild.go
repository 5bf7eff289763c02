// Package selfexec tells how to execute the running program again: Path for this process,
// SharedPath for another one. IsMageBuild tells whether it was compiled for one use.
package selfexec

import (
	"os"
	"path/filepath"
	"strings"
)

// IsMageBuild reports whether mage or go run compiled the program at path for one use,
// from the source in the user's working folder: then the code of that folder runs anyway.
// An installed binary is not such a build.
func IsMageBuild(path string) bool {
	path = filepath.ToSlash(path)
	if cache := os.Getenv("MAGEFILE_CACHE"); cache != "" &&
		strings.HasPrefix(path, filepath.ToSlash(filepath.Clean(cache))+"/") {
		return true
	}
	return strings.Contains(path, "/.magefile/") || strings.Contains(path, "/go-build")
}
