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

// missingAtLogin warns of the environment variables that the configuration reads: a
// service manager starts the stack without what a shell exports.
func missingAtLogin(cfg *config.Config, manager string) []string {
	warnings := []string{}
	names := readVariables(cfg)
	if len(names) == 0 {
		return warnings
	}
	cure := "put them into ~/.config/environment.d/*.conf (0600)"
	if manager == "launchd" {
		cure = "set them with launchctl setenv at login"
	}
	return append(warnings, fmt.Sprintf("%s does not have the variables of a shell, and the configuration reads %s: %s, "+
		"or use file: references",
		manager, strings.Join(names, ", "), cure))
}

// readVariables returns the names of the environment variables that the configuration
// reads, sorted.
func readVariables(cfg *config.Config) []string {
	found := map[string]bool{}
	for _, c := range cfg.Credentials {
		if c.Env != "" {
			found[c.Env] = true
		}
	}
	inBraces := regexp.MustCompile(`\$\{([A-Za-z_][A-Za-z0-9_]*)\}`)
	for _, svc := range cfg.Services {
		for _, value := range svc.Env {
			for _, m := range inBraces.FindAllStringSubmatch(value, -1) {
				found[m[1]] = true
			}
		}
	}
	policy.CollectReferences(cfg.Base, found)
	for _, profile := range cfg.Profiles {
		policy.CollectReferences(profile, found)
	}
	for _, svc := range cfg.Services { // a service's own variables are set
		for name := range svc.Env {
			delete(found, name)
		}
	}
	return slices.Sorted(maps.Keys(found))
}
