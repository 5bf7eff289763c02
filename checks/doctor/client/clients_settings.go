package client

import (
	"context"

	"github.com/flowgate-go/flowgate/checks"
	"github.com/flowgate-go/flowgate/checks/doctor/subject"
	"github.com/flowgate-go/flowgate/internal/client"
)

func clientsSettings(s *subject.Subject) checks.Check {
	return checks.Check{
		ID: "clients.settings", Title: "Clients start with the settings that they have",
		Needs: []string{"config.valid"},
		Run: func(context.Context) checks.Outcome {
			all, err := client.All()
			if err != nil {
				return checks.FromFault(err)
			}
			var broken problems
			for _, c := range all {
				for _, r := range c.RefusedSettings(s.Getenv) {
					broken.add(c, r.File, r.Path+": "+r.Reason)
				}
			}
			if len(broken.Clients) == 0 {
				return checks.Passed(nil)
			}
			return checks.Failed("").WithDetail(broken).WithFix("", "take these keys out of the files, as the reasons say")
		},
	}
}
