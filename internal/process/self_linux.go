package process

import "os"

// Self is a path that executes this very program, even when its file was
// replaced or removed since: /proc/self/exe is read in the child after the fork.
func Self() string {
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
