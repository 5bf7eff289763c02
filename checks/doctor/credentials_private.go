package doctor

import (
	"context"
	"path/filepath"

	"github.com/flowgate-go/flowgate/auth"
	"github.com/flowgate-go/flowgate/checks"
)

func (s *subject) credentialsPrivate() checks.Check {
	return checks.Check{
		ID: "credentials.private", Title: "Credential files are yours alone", Needs: []string{"config.valid"},
		About: "Looks at owner and mode of every credential file. CLIProxyAPI itself writes some with 0644, and keeps a wrong mode when it renews them. -fix takes the rights of others away and leaves the content alone.",
		Run: func(context.Context) checks.Outcome {
			found := exposed(s.credentialFiles())
			if len(found) == 0 {
				return checks.Passed(nil)
			}
			return checks.Failed("").WithDetail(s.describe(found)).WithFix(s.chmod(found), "keep others out; -fix does it")
		},
		Mend: func(context.Context) ([]string, error) { return s.protect(exposed(s.credentialFiles())) },
	}
}

func (s *subject) credentialFiles() []string {
	all, _ := filepath.Glob(filepath.Join(auth.Folder(s.cfg, s.authEnvironment()), "*.json"))
	return all
}
