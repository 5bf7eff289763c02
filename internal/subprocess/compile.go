package subprocess

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/flowgate-go/flowgate/internal/flock"
)

// CompileFlowGate compiles the source tree at root into dir and returns the path of the
// program, for tests: it is static, as the README's command makes it, and has the
// failpoints at which tests kill it. Its packages are compiled as those of a release,
// without paths of this machine, so that the build cache has one kind of them for all
// tests, and for all clones.
func CompileFlowGate(ctx context.Context, root, dir string) (string, error) {
	binary, err := filepath.Abs(filepath.Join(dir, "flowgate"))
	if err != nil {
		return "", err
	}
	lock, err := LockSource(ctx, root)
	if err != nil {
		return "", err
	}
	defer func() { _ = lock.Close() }()
	build := Command(ctx, "go", "tool", "mage", "-compile", binary, "-ldflags=-s -w")
	build.Dir, build.Env = root, append(os.Environ(), "CGO_ENABLED=0",
		"GOFLAGS="+strings.TrimSpace(os.Getenv("GOFLAGS")+" -trimpath -tags=failpoint"))
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("compile: %w\n%s", err, out)
	}
	return binary, nil
}

// LockSource keeps other processes from having mage compile the source tree at root
// until it is closed: mage writes a file there meanwhile, and removes it.
func LockSource(ctx context.Context, root string) (io.Closer, error) {
	file := filepath.Join(root, "magefile.go")
	if _, err := os.Stat(file); err != nil {
		return nil, fmt.Errorf("find the source: %w", err) // otherwise the lock would create the file
	}
	lock, err := flock.Take(ctx, file, 10*time.Minute)
	if err != nil {
		return nil, fmt.Errorf("wait for another compilation: %w", err)
	}
	return lock, nil
}
