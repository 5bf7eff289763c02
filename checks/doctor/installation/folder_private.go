package installation

import (
	"context"

	"github.com/flowgate-go/flowgate/checks"
	"github.com/flowgate-go/flowgate/checks/doctor/permission"
	"github.com/flowgate-go/flowgate/checks/doctor/subject"
)

func folderPrivate(s *subject.Subject) checks.Check {
	return checks.Check{
		ID: "folder.private", Title: "The runtime folders are yours alone", Needs: []string{"config.valid"}, After: []string{"folder.present"},
		Run: func(context.Context) checks.Outcome {
			found := permission.FindExposed(s.Folders())
			if len(found) == 0 {
				return checks.Passed(nil)
			}
			return checks.Failed("").WithDetail(permission.Describe(s, found)).WithFix(permission.ChmodCommand(s, found), "keep others out; -fix does it")
		},
		Mend: func(context.Context) ([]string, error) {
			return permission.Protect(s, permission.FindExposed(s.Folders()))
		},
	}
}
