//go:build !failpoint

package tasks

// failpoint does nothing in programs that are built without the tag failpoint; see failpoint.go.
func failpoint(string) {}
