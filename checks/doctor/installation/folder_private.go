package installation

import (
	"context"

	"github.com/flowgate-go/flowgate/checks"
	"github.com/flowgate-go/flowgate/checks/doctor/permission"
	"github.com/flowgate-go/flowgate/checks/doctor/subject"
)

func folderPrivate(s *subject.Subject) checks.Check {
	return checks.Check{
		ID: "folder.private", Title: "No other user can use the runtime folders",
		Needs: []string{"config.valid"}, After: []string{"folder.present"},
		Run:  func(context.Context) checks.Outcome { return permission.Examine(s, s.Folders()) },
		Mend: func(context.Context) ([]string, error) { return permission.Restrict(s, s.Folders()) },
	}
}
