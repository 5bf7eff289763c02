package subprocess

import (
	"context"
	"os"
	"os/exec"
	"slices"
	"strings"
)

// safeFolder is the working folder of programs that must not read settings or code from
// the user's current folder. It belongs to root on every system.
const safeFolder = "/"

// passedVariables are passed on to an isolated program: they say where programs and the
// home folder are, the language, and how the network is reached.
var passedVariables = [...]string{
	"PATH", "HOME", "USER", "LOGNAME", "TMPDIR", "LANG", "TZ", "SSL_CERT_FILE", "SSL_CERT_DIR",
	"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "all_proxy", "no_proxy",
}

// IsolatedCommand does what Command does, in a working folder outside of every work
// tree, with an environment of a few known variables and those that begin with one of
// the prefixes. Use it for other people's programs that need nothing of the user's
// current folder.
func IsolatedCommand(ctx context.Context, prefixes []string, name string, args ...string) *exec.Cmd {
	cmd := Command(ctx, name, args...)
	cmd.Dir, cmd.Env = safeFolder, filterEnviron(os.Environ(), prefixes)
	return cmd
}

// installerPrefixes begin the variables by which a user configures pip and uv: package
// index, cache, certificates.
var installerPrefixes = []string{"PIP_", "UV_", "XDG_", "LC_"}

// Python returns an IsolatedCommand of a Python interpreter with -I: it imports nothing
// from the working folder, from PYTHONPATH or from the user's own packages. The
// variables that configure pip and uv are passed on.
func Python(ctx context.Context, interpreter string, args ...string) *exec.Cmd {
	return IsolatedCommand(ctx, installerPrefixes, interpreter, append([]string{"-I"}, args...)...)
}

// Installer returns an IsolatedCommand of uv: the variables that configure pip and uv are
// passed on, and no uv.toml or pyproject.toml of the user's folder is read.
func Installer(ctx context.Context, name string, args ...string) *exec.Cmd {
	return IsolatedCommand(ctx, installerPrefixes, name, args...)
}

// filterEnviron returns the entries that are passed on.
func filterEnviron(environ, prefixes []string) []string {
	return slices.DeleteFunc(slices.Clone(environ), func(entry string) bool {
		name, _, _ := strings.Cut(entry, "=")
		hasPrefix := func(prefix string) bool { return strings.HasPrefix(name, prefix) }
		return !slices.Contains(passedVariables[:], name) && !slices.ContainsFunc(prefixes, hasPrefix)
	})
}
