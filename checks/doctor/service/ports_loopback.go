package service

import (
	"context"
	"fmt"
	"strings"

	"github.com/flowgate-go/flowgate/checks"
	"github.com/flowgate-go/flowgate/checks/doctor/subject"
	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/hostname"
	"github.com/flowgate-go/flowgate/internal/program"
	"github.com/flowgate-go/flowgate/internal/tcp"
)

func portsLoopback(s *subject.Subject) checks.Check {
	return checks.Check{
		ID: "ports.loopback", Title: "Services listen on this machine only",
		Needs: []string{"config.valid"}, After: []string{"supervisor.answers"},
		Run: func(context.Context) checks.Outcome {
			var open, unknown []string
			fix := "write host: 127.0.0.1, unless others are meant to reach it"
			for _, svc := range s.Config.Services {
				running, _ := s.RunningService(svc.Name)
				exposed, known := false, true
				if running.PID != 0 {
					exposed, known = tcp.IsExposed(running.PID, svc.Port)
				} else if svc.Runtime == config.RuntimeCommand { // its own arguments say where it listens
					known = false
				}
				switch {
				case !hostname.IsLoopback(svc.Host):
					open = append(open, fmt.Sprintf("services.%s.host is %s", svc.Name, svc.Host))
				case !known:
					unknown = append(unknown, svc.Name)
				case exposed:
					open = append(open, fmt.Sprintf("%s (process %d) listens on more than %s", svc.Name, running.PID, svc.Host))
					fix = loopbackFix(s, svc)
				}
			}
			if own, ok := s.CLIProxyConfig(); ok && !hostname.IsLoopback(own.Host) {
				open = append(open, fmt.Sprintf("host in %s is %q", s.ShortPath(s.Config.CLIProxyConfigFile), own.Host))
			}
			switch {
			case len(open) == 0 && len(unknown) > 0:
				return checks.Skipped("at which addresses %s listens cannot be seen, or not before it runs",
					strings.Join(unknown, ", "))
			case len(open) == 0:
				return checks.Passed(nil)
			}
			return checks.Warned("%s: others on the network can reach it", strings.Join(open, ", ")).
				WithFix("", fix)
		},
	}
}

// loopbackFix returns how to make a running service listen on loopback only, when its
// services.NAME.host is loopback already.
func loopbackFix(s *subject.Subject, svc config.Service) string {
	switch {
	case len(svc.Command) > 0 && svc.Name == config.LiteLLM:
		return "add \"--host\", \"" + svc.Host + program.Text(
			"\" to services.litellm.command.args, then mage restart litellm: ",
		) +
			"LiteLLM listens on every address without it"
	case svc.Name == config.CLIProxy && s.Config.CLIProxyConfigFile != "":
		return fmt.Sprintf(program.Format("write host: %s in %s, then mage restart %s"),
			svc.Host, s.ShortPath(s.Config.CLIProxyConfigFile), svc.Name)
	}
	return "have services." + svc.Name + ".command.args tell the program to listen on " + svc.Host + ", then mage " +
		"restart " + svc.Name
}
