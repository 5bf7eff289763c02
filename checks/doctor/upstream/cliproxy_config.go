package upstream

import (
	"context"
	"net"
	"strings"

	"github.com/flowgate-go/flowgate/checks"
	"github.com/flowgate-go/flowgate/checks/doctor/subject"
	"github.com/flowgate-go/flowgate/internal/cliproxy"
	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/hostname"
	"github.com/flowgate-go/flowgate/internal/program"
)

// maxSecretBytes is bcrypt's limit in bytes; with a longer secret CLIProxyAPI ends at its
// start, with status 0.
const maxSecretBytes = 72

func cliproxyConfig(s *subject.Subject) checks.Check {
	return checks.Check{
		ID: "cliproxy.config", Title: "CLIProxyAPI's own configuration fits this stack", Needs: []string{"config.valid"},
		Run: func(context.Context) checks.Outcome {
			svc, isCLIProxy := s.CLIProxyService()
			if !isCLIProxy {
				return subject.SkippedForEcho()
			}
			if s.Config.CLIProxyConfigFile == "" {
				return checks.Skipped("no configuration file of CLIProxyAPI is known")
			}
			own, err := s.CLIProxyFile()
			if err != nil {
				return checks.Failed("%s: %s",
					s.ShortPath(s.Config.CLIProxyConfigFile),
					strings.TrimPrefix(subject.WithoutPath(err).Error(), s.Config.CLIProxyConfigFile+": ")).
					WithFix("", program.Text("correct it, or let mage init write one"))
			}
			return compareProxyConfig(s, own, svc)
		},
	}
}

// compareProxyConfig compares CLIProxyAPI's configuration file with the service.
func compareProxyConfig(s *subject.Subject, own cliproxy.File, svc config.Service) checks.Outcome {
	file := s.ShortPath(s.Config.CLIProxyConfigFile)
	switch {
	case own.Port != svc.Port:
		return checks.Failed("%s has port %d, and services.%s.port is %d",
			file, own.Port, svc.Name, svc.Port).
			WithFix("", "write the same port in both")
	case len(own.Manage.Secret) > maxSecretBytes:
		return checks.Failed("remote-management.secret-key in %s is %d bytes long, and CLIProxyAPI takes at most %d",
			file, len(own.Manage.Secret), maxSecretBytes).
			WithFix("", "write a shorter one")
	case !isReachable(own.Host, svc.Host):
		return checks.Failed("%s has host %q, and services.%s.host is %s",
			file, own.Host, svc.Name, svc.Host).
			WithFix("", "write the same host in both")
	}
	if running, ok := s.RunningService(svc.Name); ok && running.StartedAt != nil &&
		cliproxy.IsReplacedSince(s.Config.CLIProxyConfigFile, *running.StartedAt) {
		return checks.Warned("%s was replaced after the server started, and CLIProxyAPI takes only a file that is "+
			"changed in place: it runs with what was there before", file).
			WithFix("mage restart "+svc.Name, "start it with the file as it is now")
	}
	return checks.Passed(
		subject.FileDetail{File: s.Config.CLIProxyConfigFile, Note: checks.Notef("listens on %s", svc.Addr())},
	)
}

// isReachable reports whether a server bound to one host answers at another; an
// empty or unspecified one is every address.
func isReachable(bound, asked string) bool {
	ip := net.ParseIP(bound)
	return bound == "" || bound == asked || ip != nil && ip.IsUnspecified() ||
		hostname.IsLoopback(bound) && hostname.IsLoopback(asked)
}
