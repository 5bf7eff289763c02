package program

import (
	"context"
	"strings"

	"github.com/samber/lo"

	"github.com/flowgate-go/flowgate/checks"
	"github.com/flowgate-go/flowgate/checks/doctor/subject"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/store"
)

func runtimesDigest(s *subject.Subject) checks.Check {
	return checks.Check{
		ID: "runtimes.digest", Title: "Installed programs are unchanged", Needs: []string{"config.valid"},
		Run: func(context.Context) checks.Outcome {
			installed, err := store.Installed(s.Config)
			if err != nil {
				return checks.FromFault(err)
			}
			active := lo.Filter(installed, func(in store.Install, _ int) bool { return in.Active })
			if len(active) == 0 {
				return checks.Skipped("nothing is installed in the store")
			}
			for _, in := range active {
				if err := store.Verify(in); err != nil {
					return checks.FromFault(err).WithFix("mage bootstrap "+in.Name+" -version="+in.Version, fault.From(err).Hint)
				}
			}
			names := lo.Map(active, func(in store.Install, _ int) string { return in.Name + " " + in.Version })
			return checks.Passed(checks.Notef("%s", strings.Join(names, ", ")))
		},
	}
}
