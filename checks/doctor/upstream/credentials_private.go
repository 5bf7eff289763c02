package upstream

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
		ID: "credentials.private", Title: "Credential files are yours alone", Needs: []string{"config.valid"},
		Run: func(context.Context) checks.Outcome {
			found := permission.FindExposed(credentialFiles(s))
			if len(found) == 0 {
				return checks.Passed(nil)
			}
			return checks.Failed("").WithDetail(permission.Describe(s, found)).WithFix(permission.ChmodCommand(s, found), "keep others out; -fix does it")
		},
		Mend: func(context.Context) ([]string, error) {
			return permission.Protect(s, permission.FindExposed(credentialFiles(s)))
		},
	}
}

func credentialFiles(s *subject.Subject) []string {
	all, _ := filepath.Glob(filepath.Join(auth.Folder(s.Config, s.AuthEnvironment()), "*.json"))
	return all
}
