// Package client holds the checks on the clients: the tools of this user that are pointed at
// the router, or at another port of this machine.
package client

import (
	"strings"
	"sync"

	"github.com/flowgate-go/flowgate/checks"
	"github.com/flowgate-go/flowgate/checks/doctor/subject"
	"github.com/flowgate-go/flowgate/internal/client"
	"github.com/flowgate-go/flowgate/internal/config"
)

// Checks returns the checks of this family, each after the checks that it needs.
func Checks(s *subject.Subject) []checks.Check {
	find := sync.OnceValues(func() ([]pointed, error) { return findPointed(s) })
	return []checks.Check{clientsAddress(find), clientsKey(s, find), clientsSettings(s), clientsEnvironment(s, find)}
}

// pointed is a client whose settings have an address in force.
type pointed struct {
	client client.Client
	status client.Status
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

// findPointed returns the clients whose settings have an address in force.
func findPointed(s *subject.Subject) ([]pointed, error) {
	all, err := client.All()
	var found []pointed
	for _, c := range all {
		status := c.Status(routerOf(s), s.Getenv)
		if status.Points == client.PointsRouter || status.Points == client.PointsElsewhere {
			found = append(found, pointed{c, status})
		}
	}
	return found, err
}
