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
			found, old := outdatedRuntimes{Runtimes: news}, ""
			var lines []string
			compared := false
			for _, n := range news {
				if n.Name == config.RuntimeLiteLLM {
					n.Latest = bootstrap.LiteLLMVersion
				}
				compared = compared || n.Active != "" && n.Latest != ""
				if n.Active != "" && n.Pinned == "" && n.Latest != "" && n.Latest != n.Active {
					old = n.Name
					lines = append(lines, n.Name+" "+n.Active+" is installed, and "+n.Latest+" is the latest")
				}
			}
			switch {
			case old != "":
				found.Note = checks.Notef("%s", strings.Join(lines, "; "))
				return checks.Warned("").
					WithDetail(found).
					WithFix("mage bootstrap:update "+old, "try the new version alone, then switch to it")
			case len(news) == 0:
				return checks.Skipped("nothing is installed in the store")
			case !compared:
				return checks.Skipped("the latest versions were never asked for: mage bootstrap:outdated does")
			}
			return checks.Passed(found)
		},
	}
}
