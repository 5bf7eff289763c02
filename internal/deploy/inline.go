package deploy

import (
	"fmt"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/nesting"
	"github.com/flowgate-go/flowgate/internal/safefile"
	"github.com/flowgate-go/flowgate/internal/secret/redact"
)

// checkInline returns the fault secret-inline when the configuration has a secret itself: it would be in
// the files that are rendered.
func checkInline(cfg *config.Config) error {
	var paths []string
	note := func(path string) { paths = append(paths, path) }
	redact.FindWritten(cfg.Base, "litellm_base", note)
	for name, overlay := range cfg.Profiles {
		redact.FindWritten(overlay, "profiles."+name, note)
	}
	for _, svc := range cfg.Services {
		for name, value := range svc.Env {
			redact.FindWritten(map[string]any{name: value}, "services."+svc.Name+".env", note)
		}
	}
	return inlineFault(cfg.File, paths)
}

// inlineFault returns the fault for the paths of secrets in a file, nil for none.
func inlineFault(file string, paths []string) error {
	if len(paths) == 0 {
		return nil
	}
	slices.Sort(paths)
	shown := strings.Join(paths[:min(len(paths), 3)], ", ")
	if more := len(paths) - 3; more > 0 {
		shown = fmt.Sprintf("%s and %d more", shown, more)
	}
	return fault.Usage("secret-inline", "%s has a secret written out in %s: it would be in the files of the deployment", file,
		shown).WithHint("put each into a file of its own and name it in credentials.upstream, or write os.environ/NAME").
		WithDetail(paths)
}

// readInclude returns the values of a file that the settings include. Faults: settings-unreadable,
// settings-invalid, secret-inline.
func readInclude(path string) (map[string]any, error) {
	text, err := safefile.Read(path, safefile.DocumentLimit)
	if err != nil {
		return nil, fault.Usage("settings-unreadable", "read a file that the configuration includes: %w", err)
	}
	if err := nesting.CheckLongYAML(text); err != nil {
		return nil, fault.Usage("settings-invalid", "%s: %w", path, err)
	}
	var values map[string]any
	if err := yaml.Unmarshal(text, &values); err != nil {
		return nil, fault.Usage("settings-invalid", "%s is not YAML", path)
	}
	var paths []string
	redact.FindWritten(values, "", func(at string) { paths = append(paths, strings.TrimPrefix(at, ".")) })
	return values, inlineFault(path, paths)
}
