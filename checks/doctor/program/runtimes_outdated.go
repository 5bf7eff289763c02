package program

import (
	"context"
	"io"
	"strings"

	"github.com/flowgate-go/flowgate/checks"
	"github.com/flowgate-go/flowgate/checks/doctor/subject"
	"github.com/flowgate-go/flowgate/internal/bootstrap"
	"github.com/flowgate-go/flowgate/internal/config"
)

// outdatedRuntimes is the detail of runtimes.outdated.
type outdatedRuntimes struct {
	checks.Note
	Runtimes []bootstrap.VersionStatus `json:"runtimes"`
}

func runtimesOutdated(s *subject.Subject) checks.Check {
	return checks.Check{
		ID: "runtimes.outdated", Title: "Installed programs have the latest version",
		Needs: []string{"config.valid"}, Timeout: subject.Patience, Active: true,
		Run: func(ctx context.Context) checks.Outcome {
			ctx, cancel := context.WithTimeout(ctx, subject.Patience-subject.Patience/10)
			defer cancel()
			news, err := bootstrap.Outdated(
				ctx,
				bootstrap.Request{Config: s.Config, Offline: !s.Online, Getenv: s.Getenv, Progress: io.Discard},
				false,
				s.Now(),
			)
			if err != nil {
				return checks.FromFault(err)
			}
			return compareVersions(news)
		},
	}
}

// compareVersions returns the outcome for runtimes with their latest versions, which are
// "" when nobody has asked for them yet.
func compareVersions(runtimes []bootstrap.VersionStatus) checks.Outcome {
	found, outdated := outdatedRuntimes{Runtimes: runtimes}, ""
	var lines []string
	compared := false
	for _, r := range runtimes {
		if r.Name == config.RuntimeLiteLLM {
			r.Latest = bootstrap.LiteLLMVersion
		}
		compared = compared || r.Active != "" && r.Latest != ""
		if r.Active != "" && r.Pinned == "" && r.Latest != "" && r.Latest != r.Active {
			outdated = r.Name
			lines = append(lines, r.Name+" "+r.Active+" is installed, and "+r.Latest+" is the latest")
		}
	}
	switch {
	case outdated != "":
		found.Note = checks.Notef("%s", strings.Join(lines, "; "))
		return checks.Warned("").
			WithDetail(found).
			WithFix("mage bootstrap:update "+outdated, "try the new version alone, then switch to it")
	case len(runtimes) == 0:
		return checks.Skipped("nothing is installed in the store")
	case !compared:
		return checks.Skipped("the latest versions were never asked for: mage bootstrap:outdated asks")
	}
	return checks.Passed(found)
}
