package upstream

import (
	"context"

	"github.com/flowgate-go/flowgate/checks"
	"github.com/flowgate-go/flowgate/checks/doctor/subject"
)

// runningVersion is the version of the program that runs.
type runningVersion struct {
	checks.Note
	Version string `json:"version"`
	Commit  string `json:"commit,omitempty"`
}

func cliproxyVersion(s *subject.Subject, ask func(context.Context) management) checks.Check {
	return checks.Check{
		ID: "cliproxy.version", Title: "The CLIProxyAPI that runs is the one that is installed",
		Needs: []string{"cliproxy.management"}, Active: true,
		Run: func(ctx context.Context) checks.Outcome {
			svc, isCLIProxy := s.CLIProxyService()
			if !isCLIProxy {
				return subject.SkippedForEcho()
			}
			m := ask(ctx)
			found := runningVersion{
				Version: subject.Sanitize(m.Header.Get("X-CPA-VERSION")),
				Commit:  subject.Sanitize(m.Header.Get("X-CPA-COMMIT")),
			}
			if found.Version == "" || found.Version == "dev" { // what a build without a version says
				return checks.Skipped("the server does not say its version")
			}
			spec, err := s.Command(svc)
			switch {
			case err != nil || spec.Version == "":
				return checks.Skipped("").WithDetail(runningVersion{
					Note: checks.Notef("the installed version is not known"), Version: found.Version, Commit: found.Commit,
				})
			case spec.Version != found.Version:
				return checks.Warned("").
					WithDetail(runningVersion{
						checks.Notef("version %s runs, and %s is installed", found.Version, spec.Version), found.Version, found.Commit,
					}).
					WithFix("mage restart "+svc.Name, "start the installed version")
			}
			return checks.Passed(found)
		},
	}
}
