package upstream

import (
	"context"

	"github.com/flowgate-go/flowgate/auth"
	"github.com/flowgate-go/flowgate/checks"
	"github.com/flowgate-go/flowgate/checks/doctor/subject"
)

func cliproxyFolder(s *subject.Subject) checks.Check {
	return checks.Check{
		ID: "cliproxy.folder", Title: "CLIProxyAPI loads credentials from FlowGate's folder",
		Needs: []string{"cliproxy.config"},
		Run: func(context.Context) checks.Outcome {
			own, _ := s.CLIProxyFile()
			have, want := auth.ServerFolder(s.Config, s.Getenv, own), auth.Folder(s.Config, s.AuthEnvironment())
			if have != want {
				return checks.Warned("CLIProxyAPI loads credentials from %[2]s, since %[1]s says so or has no auth-dir, and "+
					"FlowGate keeps them in %[3]s", s.ShortPath(s.Config.CLIProxyConfigFile), s.ShortPath(have), s.ShortPath(want)).
					WithFix("", "write auth-dir: "+want)
			}
			return checks.Passed(subject.PathsDetail{Paths: []string{have}})
		},
	}
}
