package doctor

import (
	"context"
	"path/filepath"

	"github.com/samber/lo"

	"github.com/flowgate-go/flowgate/auth"
	"github.com/flowgate-go/flowgate/checks"
)

func (s *subject) keysPrivate() checks.Check {
	return checks.Check{
		ID: "keys.private", Title: "Files that hold keys are yours alone", Needs: []string{"config.valid"},
		About: "Looks at owner and mode of every file that holds a key: those in the secrets folder, credentials.upstream.*.file, secret_files, the generated router configuration and CLIProxyAPI's own, with their backups, and the configuration itself when a key is written in it. -fix takes the rights of others away and leaves the content alone. A key that others could read should be replaced.",
		Run: func(context.Context) checks.Outcome {
			found := exposed(s.filesWithKeys())
			if len(found) == 0 {
				return checks.Passed(nil)
			}
			return checks.Failed("").WithDetail(s.describe(found)).WithFix(s.chmod(found), "keep others out; -fix does it")
		},
		Mend: func(context.Context) ([]string, error) { return s.protect(exposed(s.filesWithKeys())) },
	}
}

// keyFiles are the files with keys in them that the configuration knows of.
func (s *subject) keyFiles() []string {
	all, _ := filepath.Glob(filepath.Join(s.cfg.Paths.Secrets(), "*.key"))
	all = append(all, s.cfg.Paths.ActiveConfig)
	if s.cfg.CLIProxyConfigFile != "" {
		all = append(all, s.cfg.CLIProxyConfigFile)
	}
	for _, c := range s.cfg.Credentials {
		if c.File != "" {
			all = append(all, c.File)
		}
	}
	all = append(all, s.cfg.SecretFiles...)
	return lo.Uniq(all)
}

// filesWithKeys are the keyFiles, the backups of those that people edit, and
// the configuration when a key is written in it.
func (s *subject) filesWithKeys() []string {
	all := s.keyFiles()
	if s.cfg.CLIProxyConfigFile != "" {
		all = append(all, backups(s.cfg.CLIProxyConfigFile)...)
	}
	if s.cfg.File != "" && auth.HasWrittenSecret(s.cfg) {
		all = append(append(all, s.cfg.File), backups(s.cfg.File)...)
	}
	return lo.Uniq(all)
}

// backups are the copies that FlowGate made of a file before it changed it.
func backups(file string) []string {
	all, _ := filepath.Glob(file + ".bak-*")
	return all
}
