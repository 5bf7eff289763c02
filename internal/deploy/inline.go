package deploy

import (
	"fmt"
	"slices"
	"strings"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/program"
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
			for _, ref := range references(value) { // what is left is what is written out
				value = strings.ReplaceAll(value, "${"+ref+"}", "")
			}
			value = strings.ReplaceAll(value, "://:@", "://") // of an address whose user and password are references
			redact.FindWritten(map[string]any{name: value}, "services."+svc.Name+".env", note)
		}
	}
	return inlineFault(cfg.File, paths, program.Text("`mage config:extract-keys` moves those of litellm_base and of profiles "+
		"into files of their own; in services.*.env write ${NAME}, and set NAME where this command is run"))
}

// inlineFault returns the fault for the paths of secrets in a file, nil for none.
func inlineFault(file string, paths []string, hint string) error {
	if len(paths) == 0 {
		return nil
	}
	slices.Sort(paths)
	shown := strings.Join(paths[:min(len(paths), 3)], ", ")
	if more := len(paths) - 3; more > 0 {
		shown = fmt.Sprintf("%s and %d more", shown, more)
	}
	return fault.Usage("secret-inline",
		"%s has a secret written out in %s: it would be in the files of the deployment", file,
		shown).WithHint("%s", hint).WithDetail(paths)
}

// checkIncluded returns the fault secret-inline when the router's settings have a secret that is not in the
// configuration itself: it is in a file that the configuration includes.
func checkIncluded(file string, values map[string]any) error {
	var paths []string
	redact.FindWritten(values, "", func(at string) {
		paths = append(paths, "an included file: "+strings.TrimPrefix(at, "."))
	})
	return inlineFault(file, paths, "write os.environ/NAME in the included file")
}
