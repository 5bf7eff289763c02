package agents

import (
	"context"
	"embed"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"time"

	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/subprocess"
	"github.com/flowgate-go/flowgate/test/cache"
	"github.com/flowgate-go/flowgate/test/npm"
)

// clientFiles has a folder with the lock of each client that InstallClient has, and one of the
// Node.js that most of them need: each is installed alone, so that one that cannot be had keeps
// no other from its test.
//
//go:embed clients
var clientFiles embed.FS

// nodeFolder is the folder of clientFiles with Node.js.
const nodeFolder = "node"

// installScripts are those without which a client does not start, by its name: the package, and
// its script, which puts the program of this system in its place.
var installScripts = map[string][2]string{"opencode": {"opencode-ai", "postinstall.mjs"}}

// pythonPatience is how long pip may take. On two busy cores aider needs 4 min.
const pythonPatience = 15 * time.Minute

// InstallClient installs a client on the first call, and returns the folders that belong first
// on its PATH: the one with its program, and the one with a Node.js that it runs on. An empty
// root means flowgate/test-clients in the user's cache folder. Faults: npm-missing,
// npm-install-failed, pip-install-failed, cache-unwritable, cache-busy.
func InstallClient(ctx context.Context, root, name string, progress io.Writer) (path []string, err error) {
	if root == "" {
		if root, err = cache.Root("test-clients"); err != nil {
			return nil, err
		}
	}
	start := time.Now()
	defer func() {
		fmt.Fprintf(progress, "%s was installed in %v\n", name, time.Since(start).Round(time.Millisecond))
	}()
	if requirements, err := clientFiles.ReadFile("clients/" + name + "/requirements.txt"); err == nil {
		dir, err := installPython(ctx, root, requirements)
		return []string{filepath.Join(dir, "venv", "bin")}, err
	}
	for _, folder := range []string{name, nodeFolder} {
		dir, err := installNode(ctx, root, folder)
		if err != nil {
			return nil, err
		}
		path = append(path, filepath.Join(dir, "node_modules", ".bin"))
	}
	return path, nil
}

// installNode installs the packages of a folder of clientFiles. No program of theirs is run but
// that of installScripts.
func installNode(ctx context.Context, root, folder string) (dir string, err error) {
	manifest, err := clientFiles.ReadFile("clients/" + folder + "/package.json")
	if err != nil {
		return "", err
	}
	lock, err := clientFiles.ReadFile("clients/" + folder + "/package-lock.json")
	if err != nil {
		return "", err
	}
	clients := npm.Package{Manifest: manifest, Lock: lock, Config: npmrc, IsPartial: true}
	return clients.Install(ctx, root, func(ctx context.Context, dir string) error {
		script, ok := installScripts[folder]
		if !ok {
			return nil
		}
		return npm.Run(ctx, filepath.Join(dir, "node_modules", script[0]), "node", script[1])
	})
}

// installPython makes an environment of the packages in requirements, which names all of them
// by digest. Only wheels are taken, since building a source package runs its code.
func installPython(ctx context.Context, root string, requirements []byte) (dir string, err error) {
	key := cache.Key(requirements, []byte(runtime.GOOS), []byte(runtime.GOARCH))
	return cache.Folder(ctx, root, key, func(ctx context.Context, dir string) error {
		ctx, cancel := context.WithTimeoutCause(ctx, pythonPatience, fmt.Errorf("not done within %v", pythonPatience))
		defer cancel()
		list := filepath.Join(dir, "requirements.txt")
		if err := os.WriteFile(list, requirements, 0o600); err != nil {
			return fault.New("cache-unwritable", "write %s: %w", list, err)
		}
		python, err := findPython(ctx)
		if err == nil {
			err = runPip(ctx, dir, python, "-m", "venv", "venv")
		}
		if err != nil {
			return err
		}
		return runPip(ctx, dir, filepath.Join(dir, "venv", "bin", "python"), "-m", "pip", "install", "--no-input", "--quiet",
			"--disable-pip-version-check", "--require-hashes", "--no-deps", "--only-binary=:all:", "-r", list)
	})
}

// findPython returns a Python that the requirements are for.
func findPython(ctx context.Context) (string, error) {
	const fits = "import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info < (3, 13))"
	for _, name := range []string{"python3", "python3.12", "python3.11"} {
		path, err := exec.LookPath(name)
		if err == nil && subprocess.Command(ctx, path, "-c", fits).Run() == nil {
			return path, nil
		}
	}
	return "", fault.New("pip-install-failed", "there is no Python 3.11 or 3.12 with its venv module").
		WithHint("install one, and put it on PATH")
}

// runPip runs a program of Python in a folder.
func runPip(ctx context.Context, dir, name string, args ...string) error {
	cmd := subprocess.Command(ctx, name, args...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	if err != nil {
		return fault.New("pip-install-failed", "%s %s: %w: %s", name, args[1], err, subprocess.Tail(out, 1<<10)).
			WithHint("check pip's registry and network")
	}
	return nil
}
