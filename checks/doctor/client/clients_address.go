package client

import (
	"context"
	"net/url"
	"strconv"

	"github.com/flowgate-go/flowgate/checks"
	"github.com/flowgate-go/flowgate/internal/client"
	"github.com/flowgate-go/flowgate/internal/hostname"
	"github.com/flowgate-go/flowgate/internal/tcp"
)

func clientsAddress(find func() ([]pointed, error)) checks.Check {
	return checks.Check{
		ID: "clients.address", Title: "No client points at a port of this machine that nobody holds",
		Needs: []string{"config.valid"},
		Run: func(context.Context) checks.Outcome {
			var dead problems
			all, err := find()
			for _, p := range all {
				// The router's own port is what the checks of services are about.
				if p.status.Points == client.PointsElsewhere && isDead(p.status.Address) {
					dead.add(p.client, p.status.File, "it points at "+p.status.Address+", where no process listens")
				}
			}
			if err != nil {
				return checks.FromFault(err)
			}
			if len(dead.Clients) == 0 {
				return checks.Passed(nil)
			}
			return checks.Warned("").WithDetail(dead).
				WithFix("mage client:setup "+dead.names(),
					"it points them at this router; client:restore takes FlowGate's settings out")
		},
	}
}

// isDead reports whether an address is a port of this machine on which no process listens.
func isDead(address string) bool {
	u, err := url.Parse(address)
	if err != nil || !hostname.IsLoopback(u.Hostname()) {
		return false
	}
	port, err := strconv.Atoi(u.Port())
	if err != nil {
		return false
	}
	_, held, err := tcp.FindListener(u.Hostname(), port)
	return err == nil && !held
}
