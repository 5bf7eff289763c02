//go:build !linux

package tasks

// tempVariable returns nothing: only ext4 needs another folder for temporary files (testtemp_linux.go).
func tempVariable() []string { return nil }
