package wiring

import (
	"context"
	"fmt"
	"strings"

	"github.com/flowgate-go/flowgate/checks"
	"github.com/flowgate-go/flowgate/checks/doctor/subject"
	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/hostname"
	"github.com/flowgate-go/flowgate/internal/report"
	"github.com/flowgate-go/flowgate/internal/tcp"
)

// miswiring is a deployment whose api_base leads to a wrong server, or to none.
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
		ID: "stack.address", Title: "Deployments name the address of the upstream", Needs: []string{"config.valid"},
		Run: func(context.Context) checks.Outcome {
			up, _ := s.Config.Service(config.CLIProxy)
			router, routed := s.Config.Service(config.LiteLLM)
			if !routed {
				return checks.Skipped("there is no router")
			}
			bad, status, unknown := findMiswirings(s.Deployments(), router, up)
			switch {
			case bad.Text == "" && unknown != nil:
				return checks.Skipped("%v", unknown)
			case bad.Text == "":
				return checks.Passed(nil)
			}
			return checks.Outcome{Status: status, Detail: bad}.
				WithFix("", "write api_base: "+up.URL()+"/v1, or start the program that the deployment means")
		},
	}
}

// findMiswirings returns the deployments with a wrong address, whether that is a failure
// or a warning, and why an address could not be judged.
func findMiswirings(deployments []subject.Deployment, router, up config.Service) (bad miswirings,
	status report.Status, unknown error) {
	status = report.Warn
	for _, d := range deployments {
		base := subject.StripSecrets(d.Base)
		problem, wrong, err := findMiswiring(d, router, up)
		if err != nil {
			unknown = fmt.Errorf("the listener at %s is not known: %w", base, err)
		}
		if wrong {
			status = report.Fail
		}
		if problem != "" {
			bad.Deployments = append(bad.Deployments, miswiring{d.String(), base, problem})
			bad.Text += fmt.Sprintf("; %s has api_base %s, %s", d, base, problem)
		}
	}
	bad.Text = strings.TrimPrefix(bad.Text, "; ")
	return bad, status, unknown
}

// findMiswiring returns the problem of the address that d's requests go to, "" when there
// is none, and whether the address is wrong. When a program of the user's own, such as
// Ollama, does not run, that is a problem, but the address is not wrong. The error says
// why the listener is not known.
func findMiswiring(d subject.Deployment, router, up config.Service) (problem string, wrong bool, err error) {
	host, port, ok := d.Address()
	switch {
	case !ok || !hostname.IsLoopback(host):
		return "", false, nil
	case d.LeadsTo(router):
		return "which is the router itself", true, nil
	case d.LeadsTo(up):
		path := strings.TrimSuffix(d.Base[strings.Index(d.Base, "://")+3:], "/")
		if d.Provider() != "anthropic" && !strings.Contains(path, "/") {
			return "without the /v1 that the upstream serves its models under", true, nil
		}
		return "", false, nil
	}
	if _, held, err := tcp.FindListener(host, port); err != nil || held {
		return "", false, err
	}
	if provider := d.Provider(); provider != "" && provider != "openai" && provider != "anthropic" {
		return "where no " + provider + " listens now", false, nil
	}
	return fmt.Sprintf("where no process listens; %s listens on %s", up.Name, up.Addr()), true, nil
}
