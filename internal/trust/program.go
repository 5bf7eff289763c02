package trust

import (
	"os"
	"path/filepath"

	"github.com/flowgate-go/flowgate/internal/ownfile"
)

// CheckProgram returns a fault when a program that no configuration names, found in a
// folder of the user, may come from others: another user owns it or can replace it, or
// git tracks it, so that it came with a commit. Faults: not-yours, state-untrusted.
func CheckProgram(path string) error {
	real := RealPath(path)
	info, err := os.Lstat(real)
	if err != nil {
		return err
	}
	if why := whyReplaceable(info); why != "" {
		return ownfile.Fault(path, why)
	}
	for _, file := range [...]string{path, real} { // a link can be replaced where it lies, too
		if err := checkFoldersAbove(RealPath(filepath.Dir(file))); err != nil {
			return err
		}
	}
	return CheckUntracked(path)
}
