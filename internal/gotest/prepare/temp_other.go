//go:build !linux

package prepare

// TempVariable returns nothing: only ext4 needs another folder for temporary files (temp_linux.go).
func TempVariable() []string { return nil }
