package doctor

import (
	"context"

	"github.com/flowgate-go/flowgate/checks"
)

func (s *subject) folderPrivate() checks.Check {
	return checks.Check{
		ID: "folder.private", Title: "The runtime folders are yours alone", Needs: []string{"config.valid"}, After: []string{"folder.present"},
		About: "Looks at owner and mode of the runtime folders. They hold keys, tokens, the control socket and logs, and have to belong to you with mode 0700. -fix takes the rights of others away; a folder of another user has to be given to you by that user or root.",
		Run: func(context.Context) checks.Outcome {
			found := exposed(s.folders())
			if len(found) == 0 {
				return checks.Passed(nil)
			}
			return checks.Failed("").WithDetail(s.describe(found)).WithFix(s.chmod(found), "keep others out; -fix does it")
		},
		Mend: func(context.Context) ([]string, error) { return s.protect(exposed(s.folders())) },
	}
}
