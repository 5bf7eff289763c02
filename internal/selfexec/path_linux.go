package selfexec

import "os"

// Path returns a path that executes this program. On Linux that works even when its
// file was replaced or removed: /proc/self/exe is resolved in the child after the fork.
func Path() string {
	const link = "/proc/self/exe"
	path, err := os.Readlink(link)
	if err != nil {
		return link
	}
	running, err := os.Stat(link)
	if err != nil {
		return link
	}
	if there, err := os.Stat(path); err != nil || !os.SameFile(running, there) {
		return link
	}
	return path
}
