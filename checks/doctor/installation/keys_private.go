package installation

import (
	"context"
	"path/filepath"

	"github.com/samber/lo"

	"github.com/flowgate-go/flowgate/auth/inventory"
	"github.com/flowgate-go/flowgate/checks"
	"github.com/flowgate-go/flowgate/checks/doctor/permission"
	"github.com/flowgate-go/flowgate/checks/doctor/subject"
)

func keysPrivate(s *subject.Subject) checks.Check {
	return checks.Check{
		ID: "keys.private", Title: "No other user can read files with keys", Needs: []string{"config.valid"},
		Run:  func(context.Context) checks.Outcome { return permission.Examine(s, filesWithKeys(s)) },
		Mend: func(context.Context) ([]string, error) { return permission.Restrict(s, filesWithKeys(s)) },
	}
}

// filesWithKeys returns the key files, the backups of those that people edit, and the
// configuration when a key is written in it.
func filesWithKeys(s *subject.Subject) []string {
	all := s.KeyFiles()
	if s.Config.CLIProxyConfigFile != "" {
		all = append(all, findBackups(s.Config.CLIProxyConfigFile)...)
	}
	if s.Config.File != "" && inventory.HasWrittenSecret(s.Config) {
		all = append(append(all, s.Config.File), findBackups(s.Config.File)...)
	}
	return lo.Uniq(all)
}

// findBackups returns the copies that FlowGate made of a file before it changed it.
func findBackups(file string) []string {
	all, _ := filepath.Glob(file + ".bak-*")
	return all
}
