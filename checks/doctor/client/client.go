// Package client holds the checks on the clients: the tools of this user that are pointed at
// the router, or at another port of this machine.
package client

import (
	"strings"

	"github.com/flowgate-go/flowgate/checks"
	"github.com/flowgate-go/flowgate/checks/doctor/subject"
	"github.com/flowgate-go/flowgate/internal/client"
	"github.com/flowgate-go/flowgate/internal/config"
)

// Checks returns the checks of this family, each after the checks that it needs.
func Checks(s *subject.Subject) []checks.Check {
	return []checks.Check{clientsAddress(s), clientsKey(s), clientsSettings(s), clientsEnvironment(s)}
}

// problem is what is wrong with one client.
type problem struct {
	Client  string `json:"client"`
	File    string `json:"file"`
	Problem string `json:"problem"`
}

// problems is the detail of these checks.
type problems struct {
	checks.Note
	Clients []problem `json:"clients"`
}

// add adds what is wrong with one client.
func (p *problems) add(c client.Client, file, text string) {
	p.Clients = append(p.Clients, problem{c.Name, file, text})
	if p.Text != "" {
		p.Text += "; "
	}
	p.Text += c.Title + ": " + text
}

// names returns the clients with problems, as client:setup takes them.
func (p problems) names() string {
	names := make([]string, len(p.Clients))
	for i := range p.Clients {
		names[i] = p.Clients[i].Client
	}
	return strings.Join(names, ",")
}

// routerOf returns the router that the installation's clients send requests to.
func routerOf(s *subject.Subject) client.Target {
	svc, ok := s.Config.Service(config.LiteLLM)
	if !ok {
		svc, _ = s.Config.Service(config.CLIProxy)
	}
	return client.Target{Root: strings.TrimSuffix(svc.URL(), "/")}
}

// pointed calls visit for each client whose settings have an address in force.
func pointed(s *subject.Subject, visit func(client.Client, client.Status)) error {
	all, err := client.All()
	if err != nil {
		return err
	}
	for _, c := range all {
		status := c.Status(routerOf(s), s.Getenv)
		if status.Points == client.PointsRouter || status.Points == client.PointsElsewhere {
			visit(c, status)
		}
	}
	return nil
}
