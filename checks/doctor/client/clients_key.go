package client

import (
	"context"
	"net/http"

	"github.com/flowgate-go/flowgate/checks"
	"github.com/flowgate-go/flowgate/checks/doctor/subject"
	"github.com/flowgate-go/flowgate/internal/client"
)

func clientsKey(s *subject.Subject, find func() ([]pointed, error)) checks.Check {
	return checks.Check{
		ID: "clients.key", Title: "The router accepts the keys that clients have in their settings",
		Needs: []string{"services.ready", "ports.available"}, Timeout: subject.Patience, Active: true,
		Run: func(ctx context.Context) checks.Outcome {
			var refused problems
			answers := map[string]int{} // by key: many clients have the same one
			all, err := find()
			for _, p := range all {
				key, ok := p.client.ReadKey(s.Getenv)
				if p.status.Points != client.PointsRouter || !ok {
					continue
				}
				if _, asked := answers[key]; !asked {
					a, err := s.Get(ctx, routerOf(s).Root+"/v1/models", "Authorization", "Bearer "+key)
					if err == nil {
						answers[key] = a.Status
					}
				}
				if answers[key] == http.StatusUnauthorized || answers[key] == http.StatusForbidden {
					refused.add(p.client, p.status.File, "the router refuses its key")
				}
			}
			if err != nil {
				return checks.FromFault(err)
			}
			if len(refused.Clients) == 0 {
				return checks.Passed(nil)
			}
			return checks.Failed("").WithDetail(refused).
				WithFix("mage client:setup "+refused.names(), "it gives them the key that the router has now")
		},
	}
}
