package subprocess

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/flowgate-go/flowgate/internal/flock"
)

// ProgramVariable is the environment variable with the path of a program that CompileFlowGate has compiled
// from this source: `mage test` compiles it once for all packages.
const ProgramVariable = "FLOWGATE_TEST_PROGRAM"

// DependOnSource has `mage test` run the tests of the calling package again when anything in the source has changed: go
// test sees only the files of the package's own module. CompileFlowGate does the same.
func DependOnSource() { _ = os.Getenv(ProgramVariable) }

// CompileFlowGate compiles the source tree at root into dir and returns the path of the
// program, for tests: it is static, as the README's command makes it, and has the
// failpoints at which tests kill it. Its packages are compiled as those of a release,
// without paths of this machine, so that the build cache has one kind of them for all
// tests, and for all clones.
//
// A program in ProgramVariable is copied in place of that. Then GOGC is taken out of the environment, which `mage
// test` sets for the tests alone: the program collects garbage as it does where people run it.
func CompileFlowGate(ctx context.Context, root, dir string) (string, error) {
	binary, err := filepath.Abs(filepath.Join(dir, "flowgate"))
	if err != nil {
		return "", err
	}
	if program := os.Getenv(ProgramVariable); program != "" {
		return binary, errors.Join(os.Unsetenv("GOGC"), copyProgram(program, binary))
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

// copyProgram copies a program.
func copyProgram(from, to string) error {
	source, err := os.Open(from)
	if err != nil {
		return fmt.Errorf("copy the program that is tested: %w", err)
	}
	defer func() { _ = source.Close() }()
	target, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY|os.O_EXCL, 0o755) //nolint:gosec // a program of tests
	if err == nil {
		_, err = io.Copy(target, source)
		err = errors.Join(err, target.Close())
	}
	if err != nil {
		return fmt.Errorf("copy the program that is tested: %w", err)
	}
	return nil
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
