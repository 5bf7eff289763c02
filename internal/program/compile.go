package program

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/flowgate-go/flowgate/internal/flock"
)

// FlowGate compiles the program of the source tree at root into dir and returns
// its path: the command of the README, so a static binary.
func FlowGate(ctx context.Context, root, dir string) (string, error) {
	binary, err := filepath.Abs(filepath.Join(dir, "flowgate"))
	if err != nil {
		return "", err
	}
	// mage writes a file into the source tree while it compiles.
	lock, err := flock.Take(ctx, filepath.Join(root, "magefile.go"), 10*time.Minute)
	if err != nil {
		return "", fmt.Errorf("wait for another compilation: %w", err)
	}
	defer func() { _ = lock.Close() }()
	build := Command(ctx, "go", "tool", "mage", "-compile", binary, "-ldflags=-s -w")
	build.Dir, build.Env = root, append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("compile: %w\n%s", err, out)
	}
	return binary, nil
}
