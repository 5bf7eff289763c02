package doctor

import (
	"context"

	"github.com/flowgate-go/flowgate/checks"
)

func (s *subject) cliproxyFolder() checks.Check {
	return checks.Check{
		ID: "cliproxy.folder", Title: "CLIProxyAPI loads credentials from where FlowGate puts them", Needs: []string{"cliproxy.config"},
		About: "Compares auth-dir in CLIProxyAPI's configuration (its default is ~/.cli-proxy-api) with the folder that FlowGate imports credentials into. When they differ, a sign-in succeeds and no model appears.",
		Run: func(context.Context) checks.Outcome {
			own, _ := s.upstream()
			have, want := own.Folder(s.o.Getenv("HOME"), s.cfg.Dir), s.cfg.Paths.Auths()
			if have != want {
				return checks.Warned("auth-dir in %s is %s, and FlowGate keeps credentials in %s", s.shown(s.cfg.CLIProxyConfigFile), s.shown(have), s.shown(want)).
					WithFix("", "write auth-dir: "+want)
			}
			return checks.Passed(paths{Paths: []string{have}})
		},
	}
}
