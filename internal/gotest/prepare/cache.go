package prepare

import (
	"os"
	"path/filepath"
	"time"
)

// cacheFolder returns the folder for what test runs need and may use again, without what is old.
func cacheFolder() (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	folder := filepath.Join(cache, "flowgate", "test-program")
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return "", err
	}
	removeOld(folder, time.Now().Add(-maxAge))
	return folder, nil
}

// maxAge is how old the files get that tests, or their preparation, left.
const maxAge = 24 * time.Hour

// removeOld removes what is in a folder and was not changed since a time.
func removeOld(folder string, since time.Time) {
	entries, _ := os.ReadDir(folder)
	for _, e := range entries {
		if info, err := e.Info(); err == nil && info.ModTime().Before(since) {
			_ = os.RemoveAll(filepath.Join(folder, e.Name()))
		}
	}
}
