package autostart

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/policy"
)

// warnMissingVariables returns a warning that names the environment variables that the
// configuration reads, if there are any: a service manager starts the stack without the
// variables that a shell exports.
func warnMissingVariables(cfg *config.Config, manager string) []string {
	warnings := []string{}
	names := listVariables(cfg)
	if len(names) == 0 {
		return warnings
	}
	remedy := "put them into ~/.config/environment.d/*.conf (0600)"
	if manager == "launchd" {
		remedy = "set them with launchctl setenv at login"
	}
	return append(warnings, fmt.Sprintf("%s does not have the variables of a shell, and the configuration reads %s: %s, "+
		"or use file: references",
		manager, strings.Join(names, ", "), remedy))
}

// listVariables returns the sorted names of the environment variables that the configuration
// reads, without those that it sets itself for a service.
func listVariables(cfg *config.Config) []string {
	found := map[string]bool{}
	for _, c := range cfg.Credentials {
		if c.Env != "" {
			found[c.Env] = true
		}
	}
	reference := regexp.MustCompile(`\$\{([A-Za-z_][A-Za-z0-9_]*)\}`)
	for _, svc := range cfg.Services {
		for _, value := range svc.Env {
			for _, m := range reference.FindAllStringSubmatch(value, -1) {
				found[m[1]] = true
			}
		}
	}
	policy.CollectReferences(cfg.Base, found)
	for _, profile := range cfg.Profiles {
		policy.CollectReferences(profile, found)
	}
	for _, svc := range cfg.Services { // the configuration sets these itself
		for name := range svc.Env {
			delete(found, name)
		}
	}
	return slices.Sorted(maps.Keys(found))
}
