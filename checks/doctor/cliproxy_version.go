package doctor

import (
	"context"

	"github.com/flowgate-go/flowgate/checks"
)

// release is which version of a program runs.
type release struct {
	checks.Note
	Version string `json:"version"`
	Commit  string `json:"commit,omitempty"`
}

func (s *subject) cliproxyVersion() checks.Check {
	return checks.Check{
		ID: "cliproxy.version", Title: "The CLIProxyAPI that runs is the one that is installed", Needs: []string{"cliproxy.management"},
		About: "Reads the version that CLIProxyAPI sends with every management reply and compares it with that of the installed program, where the store knows it. After an upgrade the old one runs until it is restarted.",
		Run: func(context.Context) checks.Outcome {
			svc, real := s.real()
			if !real {
				return echoes()
			}
			m := s.manage()
			found := release{Version: foreign(m.header.Get("X-CPA-VERSION")), Commit: foreign(m.header.Get("X-CPA-COMMIT"))}
			if found.Version == "" || found.Version == "dev" { // what a build without a version says
				return checks.Skipped("the server does not say its version")
			}
			spec, err := s.command(svc)
			if err == nil && spec.Version != "" && spec.Version != found.Version {
				return checks.Warned("").WithDetail(release{because("version %s runs, and %s is installed", found.Version, spec.Version), found.Version, found.Commit}).
					WithFix("mage restart "+svc.Name, "start the installed version")
			}
			return checks.Passed(found)
		},
	}
}
