package trust

import (
	"os"
	"path/filepath"
)

// CheckProgram reports as a fault when a program that was found in a folder of
// the user's, and that no configuration names, may be another's: another user
// owns it or can replace it, or git tracks it, so that it came with a commit.
// Faults: not-yours, state-untrusted.
func CheckProgram(path string) error {
	real := RealPath(path)
	info, err := os.Lstat(real)
	if err != nil {
		return err
	}
	if why := whyReplaceable(info); why != "" {
		return notYours(path, why)
	}
	for _, file := range [...]string{path, real} { // a link can be replaced where it lies, too
		if err := checkAbove(RealPath(filepath.Dir(file))); err != nil {
			return err
		}
	}
	return CheckUntracked(path)
}
