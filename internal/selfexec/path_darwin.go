package selfexec

import "os"

// Path returns a path that executes this program. On Linux that works even when its
// file was replaced or removed: /proc/self/exe is resolved in the child after the fork.
func Path() string {
	path, err := os.Executable()
	if err != nil {
		return os.Args[0]
	}
	return path
}
