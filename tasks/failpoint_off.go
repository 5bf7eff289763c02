//go:build !failpoint

package tasks

// failpoint does nothing in a program that people use; see failpoint.go.
func failpoint(string) {}
