package bootstrap

import (
	"cmp"
	"context"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/runtimestore"
	"github.com/flowgate-go/flowgate/internal/safefile"
	"github.com/flowgate-go/flowgate/internal/secret/redact"
	"github.com/flowgate-go/flowgate/internal/store"
	"github.com/flowgate-go/flowgate/internal/subprocess"
)

// LiteLLMVersion is the version of LiteLLM that is installed by default: the one with whose
// behaviour the embedded router's was compared.
const LiteLLMVersion = "1.106.2"

//go:embed litellm.lock.txt
var liteLLMLock []byte

// installTimeout is how long an installation of 740 MB may take.
const installTimeout = 20 * time.Minute

// prepareLiteLLM returns the install to add for LiteLLM: a virtual environment with LiteLLM
// and prisma. Without prisma, LiteLLM answers a missing key with 500 instead of 401 (measured
// on 1.106.2).
func (r Request) prepareLiteLLM(ctx context.Context) (store.NewInstall, error) {
	if r.From != "" {
		return r.prepareLinked()
	}
	version := cmp.Or(r.Version, LiteLLMVersion)
	pins := Requirements(version)
	sum := sha256.Sum256(pins)
	tool, err := findInstaller(ctx)
	if err != nil {
		return store.NewInstall{}, err
	}
	return store.NewInstall{
		Name: r.Runtime, Version: version, Digest: "sha256:" + hex.EncodeToString(sum[:]), Binary: "bin/litellm",
		InPlace: true,
		Source:  "the Python package index, by " + filepath.Base(tool.path),
		Fill: func(ctx context.Context, dir string, _ *store.NewInstall) error {
			fmt.Fprintf(r.Progress, "installing LiteLLM %s by %s (740 MB, some minutes)\n", version, filepath.Base(tool.path))
			if err := createEnvironment(ctx, tool, dir, pins, r.Offline); err != nil {
				return err
			}
			return checkInstalledLiteLLM(ctx, dir, version)
		},
	}, nil
}

// Requirements returns the requirements file of a version of LiteLLM: the lock file with
// digests for LiteLLMVersion, else two packages without digests.
func Requirements(version string) []byte {
	if version == LiteLLMVersion {
		return liteLLMLock
	}
	return []byte("litellm[proxy]==" + version + "\nprisma\n")
}

// CreateEnvironment makes a virtual environment with these requirements in an existing
// folder. Faults: python-missing, venv-failed, packages-failed, store-unwritable.
func CreateEnvironment(ctx context.Context, dir string, requirements []byte) error {
	tool, err := findInstaller(ctx)
	if err != nil {
		return err
	}
	return createEnvironment(ctx, tool, dir, requirements, false)
}

// createEnvironment is CreateEnvironment with a given installer; if offline is true, it uses
// only packages that are on this machine.
func createEnvironment(ctx context.Context, tool installer, dir string, requirements []byte, offline bool) error {
	ctx, cancel := context.WithTimeoutCause(ctx, installTimeout, fmt.Errorf("not done within %v", installTimeout))
	defer cancel()
	file := filepath.Join(dir, "requirements.txt")
	if err := os.WriteFile(file, requirements, 0o600); err != nil {
		return fault.New("store-unwritable", "write %s: %w", file, err).WithHint("free space and make the folder writable")
	}
	if err := runInstaller(ctx, "venv-failed", "install Python's venv module (python3-venv on Debian) or uv",
		tool.venvCommand(ctx, dir)); err != nil {
		return err
	}
	hasHashes := strings.Contains(string(requirements), "--hash=")
	return runInstaller(
		ctx,
		"packages-failed",
		"check the network and the package index that pip or uv is set to (PIP_INDEX_URL, UV_INDEX_URL); nothing was "+
			"installed",
		tool.installCommand(ctx, dir, file, hasHashes, offline),
	)
}

// installer makes virtual environments: it is uv, which takes seconds, or a Python with venv
// and pip.
type installer struct {
	path string
	uv   bool
}

// venvCommand returns the command that makes a virtual environment in dir.
func (i installer) venvCommand(ctx context.Context, dir string) *exec.Cmd {
	if i.uv {
		return subprocess.Installer(ctx, i.path, "venv", "--quiet", "--allow-existing", "--python", ">=3.11,<3.15", dir)
	}
	return subprocess.Python(ctx, i.path, "-m", "venv", dir)
}

// installCommand returns the command that installs the requirements in file. It installs only
// built packages: building a package would run code that no digest covers, that of its build
// dependencies.
func (i installer) installCommand(ctx context.Context, dir, file string, hasHashes, offline bool) *exec.Cmd {
	interpreter := filepath.Join(dir, "bin", "python")
	var flags []string
	if hasHashes { // --no-deps: the lock is complete, and pip does not accept a pinned name for one with an extra
		flags = append(flags, "--require-hashes", "--no-deps")
	}
	if i.uv {
		if offline {
			flags = append(flags, "--offline")
		}
		args := []string{"pip", "install", "--quiet", "--no-build", "--compile-bytecode", "--python", interpreter, "-r", file}
		return subprocess.Installer(ctx, i.path, append(args, flags...)...)
	}
	if offline {
		flags = append(flags, "--no-index")
	}
	// --compile: a run must not add files that are not in the manifest.
	args := []string{"-m", "pip", "install", "--no-input", "--disable-pip-version-check", "--quiet",
		"--only-binary=:all:", "--compile", "-r", file}
	return subprocess.Python(ctx, interpreter, append(args, flags...)...)
}

// findInstaller returns uv, or else the first suitable Python, on PATH. Fault: python-missing.
func findInstaller(ctx context.Context) (installer, error) {
	if uv, err := exec.LookPath("uv"); err == nil {
		return installer{uv, true}, nil
	}
	const script = "import sys; print('%d.%d' % sys.version_info[:2]); sys.exit(not (3, 11) <= sys.version_info < (3, 15))"
	var unsuitable []string
	for _, name := range [...]string{"python3", "python3.13", "python3.12", "python3.11", "python3.14"} {
		path, err := exec.LookPath(name)
		if err != nil {
			continue
		}
		out, err := subprocess.Python(ctx, path, "-c", script).Output()
		if err == nil {
			return installer{path, false}, nil
		}
		if version := strings.TrimSpace(string(out)); version != "" {
			unsuitable = append(unsuitable, path+" is "+version)
		}
	}
	f := fault.New("python-missing", "LiteLLM needs Python 3.11 to 3.14 or uv, and none is on PATH")
	if len(unsuitable) > 0 {
		f.Message += " (" + strings.Join(unsuitable, ", ") + ")"
	}
	return installer{}, f.WithHint("install uv or a newer Python, or use runtime: embedded, which needs neither")
}

// runInstaller runs a command of an installer. When the command fails, it returns a fault
// with this code and hint.
func runInstaller(ctx context.Context, code, hint string, cmd *exec.Cmd) error {
	out, err := cmd.CombinedOutput()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err != nil {
		return fault.New(code, "%s: %w: %s", strings.Join(cmd.Args, " "), err, outputTail(out)).WithHint("%s", hint)
	}
	return nil
}

// outputTail returns the end of a program's output on one line, without the credentials
// that the address of a package index may hold.
func outputTail(out []byte) string {
	line := strings.Join(strings.Fields(subprocess.Tail(out, 1<<10)), " ")
	return string(redact.NewLogScrubber().Scrub([]byte(line)))
}

// prepareLinked returns the install to add for an environment that FlowGate did not make: the
// store gets a link to its litellm command, and the environment has to stay where it is.
func (r Request) prepareLinked() (store.NewInstall, error) {
	path, err := findProgram(r.From)
	if err == nil {
		_, err = os.Stat(path)
	}
	if err != nil {
		return store.NewInstall{}, fault.Usage("source-not-found", "-from=%s: %w", r.From, err).
			WithHint("give the litellm command of a virtual environment")
	}
	version := cmp.Or(r.Version, runtimestore.LiteLLMVersion(path))
	if version == "" {
		return store.NewInstall{}, fault.Usage("source-not-found", "-from=%s: there is no LiteLLM beside it", r.From).
			WithHint("give the litellm command of a virtual environment, or -version too")
	}
	sum, err := safefile.SHA256(path)
	if err != nil {
		return store.NewInstall{}, fault.Usage("source-not-found", "-from=%s: %w", r.From, err).
			WithHint("give the litellm command of a virtual environment")
	}
	return store.NewInstall{
		Name:    r.Runtime,
		Version: version,
		Digest:  "sha256:" + sum,
		Binary:  "bin/litellm",
		Source:  "environment of " + path,
		Fill: func(_ context.Context, dir string, _ *store.NewInstall) error {
			if err := os.Mkdir(filepath.Join(dir, "bin"), 0o700); err != nil {
				return fault.New("unpack-failed", "%w", err)
			}
			return os.Symlink(path, filepath.Join(dir, "bin", "litellm"))
		},
	}, nil
}
