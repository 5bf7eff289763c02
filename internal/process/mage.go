package process

import (
	"os"
	"path/filepath"
	"strings"
)

// IsMageBuild reports whether the program at path was compiled by mage or go run
// for this one use, from the source in the folder that the user works in: then
// that folder's code runs already. A binary that was installed was not.
func IsMageBuild(path string) bool {
	path = filepath.ToSlash(path)
	if cache := os.Getenv("MAGEFILE_CACHE"); cache != "" && strings.HasPrefix(path, filepath.ToSlash(filepath.Clean(cache))+"/") {
		return true
	}
	return strings.Contains(path, "/.magefile/") || strings.Contains(path, "/go-build")
}
