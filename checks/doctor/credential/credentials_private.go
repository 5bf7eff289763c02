package credential

import (
	"context"
	"path/filepath"

	"github.com/flowgate-go/flowgate/auth"
	"github.com/flowgate-go/flowgate/checks"
	"github.com/flowgate-go/flowgate/checks/doctor/permission"
	"github.com/flowgate-go/flowgate/checks/doctor/subject"
)

func credentialsPrivate(s *subject.Subject) checks.Check {
	return checks.Check{
		ID: "credentials.private", Title: "No other user can read credential files", Needs: []string{"config.valid"},
		Run:  func(context.Context) checks.Outcome { return permission.Examine(s, credentialFiles(s)) },
		Mend: func(context.Context) ([]string, error) { return permission.Restrict(s, credentialFiles(s)) },
	}
}

// credentialFiles returns the files in the folder of credentials.
func credentialFiles(s *subject.Subject) []string {
	all, _ := filepath.Glob(filepath.Join(auth.Folder(s.Config, s.AuthEnvironment()), "*.json"))
	return all
}
