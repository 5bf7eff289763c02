package ownfile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// mountedData is the link in a folder that Kubernetes fills from a Secret: it names the folder beside it
// that has the files now, and is replaced at once when the Secret changes.
const mountedData = "..data"

// mountedTries is how often a file is looked for while the Secret changes. A try takes microseconds.
const mountedTries = 100

// IsMounted reports whether Kubernetes fills a folder from a Secret or a ConfigMap. Nothing can be
// written into it.
func IsMounted(folder string) bool {
	info, err := os.Lstat(filepath.Join(folder, mountedData))
	return err == nil && info.Mode()&fs.ModeSymlink != 0
}

// ReadMounted reads a file of at most limit bytes from a folder that Kubernetes fills. The files there
// are links and root's, who can change everything anyway: nobody but root and this user may be able to
// change them. Faults are those of Read.
func ReadMounted(folder, name string, limit int64) (data []byte, err error) {
	for range mountedTries {
		target, linkErr := os.Readlink(filepath.Join(folder, mountedData))
		if linkErr != nil {
			return nil, linkErr
		}
		data, err = readBelow(folder, target, name, limit)
		if now, _ := os.Readlink(filepath.Join(folder, mountedData)); !errors.Is(err, fs.ErrNotExist) || now == target {
			return data, err
		}
	}
	return nil, err
}

// readBelow reads a file of the folder that the link in folder names.
func readBelow(folder, target, name string, limit int64) ([]byte, error) {
	if target != filepath.Base(target) || !strings.HasPrefix(target, "..") || target == ".." {
		return nil, Fault(filepath.Join(folder, mountedData), "is not a link that Kubernetes makes")
	}
	for _, dir := range [...]string{folder, filepath.Join(folder, target)} {
		info, err := os.Stat(dir)
		if err != nil {
			return nil, err
		}
		if why := whyNotMounted(info); why != "" {
			return nil, Fault(dir, why)
		}
	}
	return read(filepath.Join(folder, target, name), limit, whyNotMounted)
}

// whyNotMounted returns why somebody else than root and this user may have written a file or folder. In
// a folder with the sticky bit, as those have that Kubernetes mounts, nobody replaces root's files.
func whyNotMounted(info fs.FileInfo) string {
	uid, _ := Owner(info)
	isSticky := info.IsDir() && info.Mode()&fs.ModeSticky != 0
	switch {
	case uid != 0 && uid != os.Geteuid():
		return fmt.Sprintf("belongs to user %d", uid)
	case info.Mode().Perm()&0o022 != 0 && !isSticky:
		return fmt.Sprintf("can be written by others (mode %04o)", info.Mode().Perm())
	}
	return ""
}
