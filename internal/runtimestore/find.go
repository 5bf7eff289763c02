package runtimestore

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/fault"
)

// candidate is one place where a runtime's binary may be.
type candidate struct {
	path  string       // absolute, or a bare name to look up in PATH
	label string       // shown to people when nothing was found: "$FLOWGATE_LITELLM"
	check func() error // returns why an existing file must not be executed; nil accepts every file
}

// findBinary returns the first of places that has an executable file. override is a place
// from an environment variable: when it has a path, no other place is tried. A file
// that must not be executed is an error, because the user does not expect another one.
// hint says how to install the runtime. Faults: runtime-missing, those of the checks.
func findBinary(
	svc config.Service,
	env Environment,
	override candidate,
	places []candidate,
	hint string,
) (string, error) {
	if override.path != "" {
		if found, ok := findExecutable(override.path, env.LookPath); ok {
			return found, nil
		}
		return "", fault.New("runtime-missing", "service %q: %s names %s, which is not an executable file",
			svc.Name, override.label, override.path).WithHint("correct or unset %s", strings.TrimPrefix(override.label, "$"))
	}
	tried := make([]string, 0, len(places))
	for _, p := range places {
		if found, ok := findExecutable(p.path, env.LookPath); ok {
			if p.check == nil {
				return found, nil
			}
			return found, p.check()
		}
		if !slices.Contains(tried, p.label) {
			tried = append(tried, p.label)
		}
	}
	return "", fault.New("runtime-missing", "service %q: its runtime %q is not installed; looked at %s",
		svc.Name, svc.Runtime, strings.Join(tried, ", ")).WithHint("%s", hint)
}

// findExecutable returns the absolute path of an executable file, which is given by a path or
// by a bare name that lookPath looks up.
func findExecutable(path string, lookPath func(string) (string, error)) (string, bool) {
	if !strings.ContainsRune(path, filepath.Separator) {
		found, err := lookPath(path)
		if err != nil {
			return "", false
		}
		abs, err := filepath.Abs(found)
		return abs, err == nil
	}
	info, err := os.Stat(path)
	return path, err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0
}

// lookupEnv returns the value of a variable in an environment; the last one counts, as in
// os/exec.
func lookupEnv(environ []string, name string) (string, bool) {
	for i := len(environ) - 1; i >= 0; i-- {
		if value, ok := strings.CutPrefix(environ[i], name+"="); ok {
			return value, true
		}
	}
	return "", false
}
