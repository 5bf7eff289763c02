// Package litellm makes a store with the real LiteLLM for tests, once a machine,
// by what people do it with: internal/bootstrap. Call Venv and run what it
// returns; Another has a second version, for going back and forth, WithMetrics
// what LiteLLM needs to be scraped, and WithGoogle what it needs for Google's tokens.
//
// It never touches another Python environment, and names no package index: pip
// and uv use the one that their user has configured.
package litellm

import (
	"context"
	_ "embed" // for the locks
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/flowgate-go/flowgate/internal/bootstrap"
	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/subprocess"
	"github.com/flowgate-go/flowgate/test/cache"
)

// Version is the LiteLLM that Venv installs, OtherVersion the one of Another.
const (
	Version      = bootstrap.LiteLLMVersion
	OtherVersion = "1.106.1"
)

// Options say where the environment goes. The zero value works.
type Options struct {
	Cache    string    // default flowgate/test-litellm in the user's cache folder
	Progress io.Writer // lines for people; default: nowhere
}

// Venv returns the path of the litellm command, installing it on the first
// call; later calls take microseconds. Any number of processes may call it at
// once. Faults: those of bootstrap.Install, cache-unwritable, cache-busy.
func Venv(ctx context.Context, opts Options) (binPath string, err error) {
	dir, err := folder(ctx, opts, bootstrap.Requirements(Version), func(ctx context.Context, dir string) error {
		_, err := bootstrap.Install(ctx, bootstrap.Request{Config: config.Default(dir), Runtime: config.RuntimeLiteLLM,
			Progress: opts.Progress})
		return err
	})
	return filepath.Join(dir, ".router", "store", "litellm", "current", "bin", "litellm"), err
}

// Another returns the litellm command of OtherVersion: an environment with that
// one package, which sees those of Venv's for all else, so that it takes seconds.
func Another(ctx context.Context, opts Options) (binPath string, err error) {
	first, err := Venv(ctx, opts)
	if err != nil {
		return "", err
	}
	dir, err := folder(ctx, opts, []byte(OtherVersion+first), func(ctx context.Context, dir string) error {
		return overlay(ctx, filepath.Dir(filepath.Dir(first)), dir, "litellm=="+OtherVersion)
	})
	return filepath.Join(dir, "venv", "bin", "litellm"), err
}

// prometheusLock pins what LiteLLM's callback prometheus imports and the product's lock does not have.
//
//go:embed prometheus.lock.txt
var prometheusLock []byte

// WithMetrics returns a command that runs Venv's LiteLLM with the package that GET /metrics needs: the
// interpreter of an environment over Venv's, and the program for it. Arguments of litellm follow.
func WithMetrics(ctx context.Context, opts Options) (command []string, err error) {
	interpreter, first, err := withPackages(ctx, opts, prometheusLock)
	return []string{interpreter, first}, err
}

// googleLock pins what LiteLLM imports for tokens of Google's and the product's lock does not have.
//
//go:embed google.lock.txt
var googleLock []byte

// WithGoogle returns the interpreter of an environment over Venv's with Google's library for credentials.
func WithGoogle(ctx context.Context, opts Options) (interpreter string, err error) {
	interpreter, _, err = withPackages(ctx, opts, googleLock)
	return interpreter, err
}

// withPackages returns the interpreter of an environment over Venv's with the packages of a lock, and
// Venv's command.
func withPackages(ctx context.Context, opts Options, pins []byte) (interpreter, first string, err error) {
	if first, err = Venv(ctx, opts); err != nil {
		return "", "", err
	}
	dir, err := folder(ctx, opts, append([]byte(first), pins...), func(ctx context.Context, dir string) error {
		lock := filepath.Join(dir, "lock.txt")
		if err := os.WriteFile(lock, pins, 0o600); err != nil {
			return err
		}
		return overlay(ctx, filepath.Dir(filepath.Dir(first)), dir, "--require-hashes", "-r", lock)
	})
	return filepath.Join(dir, "venv", "bin", "python"), first, err
}

func folder(ctx context.Context, opts Options, key []byte, build func(context.Context, string) error) (string, error) {
	if opts.Cache == "" {
		var err error
		if opts.Cache, err = cache.Root("test-litellm"); err != nil {
			return "", err
		}
	}
	return cache.Folder(ctx, opts.Cache, cache.Key(key, []byte(runtime.GOOS), []byte(runtime.GOARCH)), build)
}

// overlay makes dir/venv over the environment base, with the packages that pip's arguments name.
func overlay(ctx context.Context, base, dir string, packages ...string) error {
	base, err := filepath.EvalSymlinks(base)
	if err != nil {
		return err
	}
	venv := filepath.Join(dir, "venv")
	interpreter := filepath.Join(venv, "bin", "python")
	if err := run(ctx, filepath.Join(base, "bin", "python"), "-m", "venv", venv); err != nil {
		return err
	}
	below, err := filepath.Glob(filepath.Join(base, "lib", "python3*", "site-packages"))
	if err != nil || len(below) != 1 {
		return fmt.Errorf("the packages of %s: %v, %w", base, below, err)
	}
	own := filepath.Join(venv, "lib", filepath.Base(filepath.Dir(below[0])), "site-packages")
	if err := os.WriteFile(filepath.Join(own, "below.pth"), []byte(below[0]+"\n"), 0o600); err != nil {
		return err
	}
	args := []string{interpreter, "-m", "pip", "install", "--no-input", "--disable-pip-version-check", "--quiet",
		"--ignore-installed", "--no-deps"}
	return run(ctx, append(args, packages...)...)
}

func run(ctx context.Context, args ...string) error {
	if out, err := subprocess.Command(ctx, args[0], args[1:]...).CombinedOutput(); err != nil {
		return fault.New("litellm-install-failed", "%s: %w: %s", strings.Join(args, " "), err, subprocess.Tail(out, 1<<10))
	}
	return nil
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
		if err == nil && subprocess.Command(ctx, path, "-c", fits).Run() == nil {
			return path
		}
	}
	return ""
}
