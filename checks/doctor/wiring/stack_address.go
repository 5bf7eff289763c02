package wiring

import (
	"context"
	"fmt"
	"strings"

	"github.com/flowgate-go/flowgate/checks"
	"github.com/flowgate-go/flowgate/checks/doctor/subject"
	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/report"
	"github.com/flowgate-go/flowgate/internal/tcp"
)

// miswiring is a deployment whose api_base leads nowhere good.
type miswiring struct {
	Deployment string `json:"deployment"`
	APIBase    string `json:"api_base"`
	Problem    string `json:"problem"`
}

// miswirings is the detail of stack.address.
type miswirings struct {
	checks.Note
	Deployments []miswiring `json:"deployments"`
}

func stackAddress(s *subject.Subject) checks.Check {
	return checks.Check{
		ID: "stack.address", Title: "The router sends requests to where the upstream listens", Needs: []string{"config.valid"},
		Run: func(context.Context) checks.Outcome {
			up, _ := s.Config.Service(config.CLIProxy)
			router, routed := s.Config.Service(config.LiteLLM)
			if !routed {
				return checks.Skipped("there is no router")
			}
			bad, status := miswirings{}, report.Warn
			for _, d := range s.Deployments() {
				problem, wrong := findMiswiring(s, d, router, up)
				if wrong {
					status = report.Fail
				}
				if problem != "" {
					bad.Deployments = append(bad.Deployments, miswiring{d.String(), subject.StripSecrets(d.Base), problem})
					bad.Text += fmt.Sprintf("; %s has api_base %s, %s", d, subject.StripSecrets(d.Base), problem)
				}
			}
			if bad.Text == "" {
				return checks.Passed(nil)
			}
			bad.Text = strings.TrimPrefix(bad.Text, "; ")
			return checks.Outcome{Status: status, Detail: bad}.WithFix("", "write api_base: "+up.URL()+"/v1, or start the program that the deployment means")
		},
	}
}

// miswired says what is wrong with where d's requests go, "" when nothing is. It
// is not wrong, but odd, when a program of one's own, an Ollama, does not run.
func findMiswiring(s *subject.Subject, d subject.Deployment, router, up config.Service) (problem string, wrong bool) {
	host, port, ok := d.Address()
	switch {
	case !ok || !subject.IsLoopback(host):
		return "", false
	case d.LeadsTo(router):
		return "which is the router itself", true
	case d.LeadsTo(up):
		path := strings.TrimSuffix(d.Base[strings.Index(d.Base, "://")+3:], "/")
		if d.Provider() != "anthropic" && !strings.Contains(path, "/") {
			return "without the /v1 that the upstream serves its models under", true
		}
		return "", false
	}
	if _, held, err := tcp.FindListener(host, port); err != nil || held {
		return "", false
	}
	if provider := d.Provider(); provider != "" && provider != "openai" && provider != "anthropic" {
		return "where no " + provider + " listens now", false
	}
	return fmt.Sprintf("where nobody listens; %s listens on %s", up.Name, up.Addr()), true
}
