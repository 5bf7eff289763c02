package doctor

import (
	"context"

	"github.com/flowgate-go/flowgate/auth"
	"github.com/flowgate-go/flowgate/checks"
)

func (s *subject) cliproxyFolder() checks.Check {
	return checks.Check{
		ID: "cliproxy.folder", Title: "CLIProxyAPI loads credentials from where FlowGate puts them", Needs: []string{"cliproxy.config"},
		About: "Compares the folder that CLIProxyAPI loads credentials from (auth-dir in its configuration, counted from the folder that it is started in; without one ~/.cli-proxy-api) with the one that FlowGate imports them into (the same auth-dir; without one .router/auths). When they differ, a sign-in succeeds and no model appears.",
		Run: func(context.Context) checks.Outcome {
			own, _ := s.upstream()
			have, want := auth.ServerFolder(s.cfg, s.o.Getenv, own), auth.Folder(s.cfg, s.authEnvironment())
			if have != want {
				return checks.Warned("CLIProxyAPI loads credentials from %[2]s, since %[1]s says so or has no auth-dir, and FlowGate keeps them in %[3]s", s.shown(s.cfg.CLIProxyConfigFile), s.shown(have), s.shown(want)).
					WithFix("", "write auth-dir: "+want)
			}
			return checks.Passed(paths{Paths: []string{have}})
		},
	}
}
