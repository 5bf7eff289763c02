package program

import (
	"context"
	"fmt"
	"path/filepath"
)

// FlowGate compiles the program of the source tree at root into dir and returns
// its path, as `mage -compile` makes it.
func FlowGate(ctx context.Context, root, dir string) (string, error) {
	binary, err := filepath.Abs(filepath.Join(dir, "flowgate"))
	if err != nil {
		return "", err
	}
	build := Command(ctx, "go", "tool", "mage", "-compile", binary)
	build.Dir = root
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("compile: %w\n%s", err, out)
	}
	return binary, nil
}
