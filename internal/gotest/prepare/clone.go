package prepare

import (
	"crypto/sha256"
	"fmt"
	"path/filepath"
)

// CloneFlags returns the flags of go test with which all clones on a machine share what was compiled, and each clone
// has results of its own: root is the clone's folder.
//
// Without -trimpath the path of the clone is in all that is compiled, so that a new clone compiles everything again: a
// fifth of the work. With it, test programs are equal, and go would take a result of another clone for one of this: it
// knows a result by the program, its arguments, and what it looked at in this clone (go help test). So the tests get an
// argument: not to run the test with a name that none has.
func CloneFlags(root string) ([]string, error) {
	path, err := filepath.Abs(root)
	if err != nil {
		return nil, err
	}
	return []string{"-trimpath", fmt.Sprintf("-skip=^clone-%.8x$", sha256.Sum256([]byte(path)))}, nil
}
