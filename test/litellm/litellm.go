// Package litellm makes a virtual environment with the real LiteLLM for tests,
// once a machine: the versions are pinned by the requirements file that is part
// of this package. Call Venv and run what it returns.
//
// It never touches another Python environment, and names no package index: pip
// and uv use the one that their user has configured.
package litellm

import (
	"context"
	_ "embed"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/program"
	"github.com/flowgate-go/flowgate/test/cache"
)

// Version is the LiteLLM that is installed: the one whose behaviour the
// embedded router was measured against.
const Version = "1.106.2"

// requirements are LiteLLM with its proxy extra and prisma, without which it
// answers a missing key with 500, and all that these need; from pip freeze.
//
//go:embed requirements.txt
var requirements []byte

// installPatience is how long the installation may take; it is 740 MB.
const installPatience = 15 * time.Minute

// Options say where the environment goes. The zero value works.
type Options struct {
	Cache    string    // default flowgate/test-litellm in the user's cache folder
	Progress io.Writer // lines for people; default: nowhere
}

// Venv returns the path of the litellm command, installing it on the first
// call; later calls take microseconds. Any number of processes may call it at
// once. Faults: python-missing, litellm-install-failed, cache-unwritable,
// cache-busy.
func Venv(ctx context.Context, opts Options) (binPath string, err error) {
	if opts.Progress == nil {
		opts.Progress = io.Discard
	}
	if opts.Cache == "" {
		if opts.Cache, err = cache.Root("test-litellm"); err != nil {
			return "", err
		}
	}
	key := cache.Key(requirements, []byte(runtime.GOOS), []byte(runtime.GOARCH))
	dir, err := cache.Folder(ctx, opts.Cache, key, func(ctx context.Context, dir string) error {
		fmt.Fprintf(opts.Progress, "installing LiteLLM %s into %s (740 MB, once)\n", Version, dir)
		return install(ctx, dir)
	})
	if err != nil {
		return "", err
	}
	return filepath.Join(dir, "venv", "bin", "litellm"), nil
}

// Missing says what Venv needs and this machine lacks; empty when nothing.
func Missing(ctx context.Context) string {
	if _, err := exec.LookPath("uv"); err == nil {
		return ""
	}
	if python(ctx) == "" {
		return "uv, or a python3 from 3.11 to 3.14 with its venv module,"
	}
	return ""
}

// python returns a Python that the pinned versions run on, or nothing.
func python(ctx context.Context) string {
	const fits = "import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info < (3, 15))"
	for _, name := range []string{"python3", "python3.13", "python3.12", "python3.11", "python3.14"} {
		path, err := exec.LookPath(name)
		if err == nil && program.Command(ctx, path, "-c", fits).Run() == nil {
			return path
		}
	}
	return ""
}

// install makes dir/venv, by uv where there is one, which takes seconds, else
// by venv and pip.
func install(ctx context.Context, dir string) error {
	ctx, cancel := context.WithTimeoutCause(ctx, installPatience, fmt.Errorf("not done within %v", installPatience))
	defer cancel()
	pins, venv := filepath.Join(dir, "requirements.txt"), filepath.Join(dir, "venv")
	if err := os.WriteFile(pins, requirements, 0o600); err != nil {
		return fault.New("cache-unwritable", "write %s: %w", pins, err)
	}
	interpreter := filepath.Join(venv, "bin", "python")
	if uv, err := exec.LookPath("uv"); err == nil {
		return steps(ctx,
			[]string{uv, "venv", "--python", ">=3.11,<3.15", venv},
			[]string{uv, "pip", "install", "--python", interpreter, "-r", pins})
	}
	base := python(ctx)
	if base == "" {
		return fault.New("python-missing", "no python3 from 3.11 to 3.14 with its venv module is on PATH").
			WithHint("install uv, or Python with its venv module")
	}
	return steps(ctx,
		[]string{base, "-m", "venv", venv},
		[]string{interpreter, "-m", "pip", "install", "--no-input", "--disable-pip-version-check", "--quiet", "-r", pins})
}

func steps(ctx context.Context, commands ...[]string) error {
	for _, args := range commands {
		out, err := program.Command(ctx, args[0], args[1:]...).CombinedOutput()
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		if err != nil {
			return fault.New("litellm-install-failed", "%s: %w: %s", strings.Join(args, " "), err, program.Tail(out, 1<<10)).
				WithHint("check the package index and the network of pip or uv")
		}
	}
	return nil
}
