package client

import (
	"context"
	"strings"

	"github.com/flowgate-go/flowgate/checks"
	"github.com/flowgate-go/flowgate/checks/doctor/subject"
	"github.com/flowgate-go/flowgate/internal/client"
)

func clientsEnvironment(s *subject.Subject, find func() ([]pointed, error)) checks.Check {
	return checks.Check{
		ID: "clients.environment", Title: "No variable wins over the key that clients have for the router",
		Needs: []string{"config.valid"},
		Run: func(context.Context) checks.Outcome {
			var outranked problems
			all, err := find()
			for _, p := range all {
				if p.status.Points != client.PointsRouter {
					continue
				}
				if set := p.client.WinningVariables(s.Getenv); len(set) > 0 {
					outranked.add(p.client, p.status.File,
						strings.Join(set, " and ")+" is set and is sent in place of the router's key")
				}
			}
			if err != nil {
				return checks.FromFault(err)
			}
			if len(outranked.Clients) == 0 {
				return checks.Passed(nil)
			}
			return checks.Warned("").WithDetail(outranked).
				WithFix("", "unset the variable where the client is started, or start it by client:run, which does that")
		},
	}
}
