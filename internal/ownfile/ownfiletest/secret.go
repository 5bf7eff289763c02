// Package ownfiletest is a double of what Kubernetes mounts: a folder that is filled from a Secret. Call
// Mount once, and again for each change of the Secret.
package ownfiletest

import (
	"os"
	"path/filepath"
	"testing"
)

// Mount makes files, by their names, the content of folder as the kubelet does (AtomicWriter): a new folder
// beside the old one, the link ..data to it put in place by a rename, a link for each file, and the old folder
// removed at last.
func Mount(t testing.TB, folder string, files map[string]string) {
	t.Helper()
	old, _ := os.Readlink(filepath.Join(folder, "..data"))
	fresh, err := os.MkdirTemp(folder, "..2026_11_30_12_00_00.")
	must(t, err)
	must(t, os.Chmod(fresh, 0o755)) //nolint:gosec // as the kubelet does
	for name, text := range files {
		must(t, os.WriteFile(filepath.Join(fresh, name), []byte(text), 0o644)) //nolint:gosec // as the kubelet does
		if link := filepath.Join(folder, name); !exists(link) {
			must(t, os.Symlink(filepath.Join("..data", name), link))
		}
	}
	must(t, os.Symlink(filepath.Base(fresh), filepath.Join(folder, "..data_tmp")))
	must(t, os.Rename(filepath.Join(folder, "..data_tmp"), filepath.Join(folder, "..data")))
	if old != "" {
		must(t, os.RemoveAll(filepath.Join(folder, old)))
	}
}

// exists reports whether there is something at path, were it a link to nothing.
func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// must ends the test when something failed.
func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
