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
	path  string       // absolute, or a bare name that PATH is searched for
	label string       // shown to people when nothing was found: "$FLOWGATE_LITELLM"
	check func() error // why a file that is there must not be executed; nil for no such reason
}

// findBinary returns the first place that holds an executable file. A place taken
// from a variable is a demand: when it holds none, nothing else is tried. A file
// that must not be executed is an error: another one would surprise its user.
func findBinary(
	svc config.Service,
	env Environment,
	demand candidate,
	places []candidate,
	install string,
) (string, error) {
	if demand.path != "" {
		if found, ok := findExecutable(demand.path, env.LookPath); ok {
			return found, nil
		}
		return "", fault.New("runtime-missing", "service %q: %s names %s, which is not an executable file",
			svc.Name, demand.label, demand.path).WithHint("correct or unset %s", strings.TrimPrefix(demand.label, "$"))
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
		svc.Name, svc.Runtime, strings.Join(tried, ", ")).WithHint("%s", install)
}

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

// lookupEnv finds a variable in an environment; the last one counts, as in exec.
func lookupEnv(environ []string, name string) (string, bool) {
	for i := len(environ) - 1; i >= 0; i-- {
		if value, ok := strings.CutPrefix(environ[i], name+"="); ok {
			return value, true
		}
	}
	return "", false
}
