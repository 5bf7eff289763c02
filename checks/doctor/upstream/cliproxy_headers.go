package upstream

import (
	"context"

	"github.com/flowgate-go/flowgate/checks"
	"github.com/flowgate-go/flowgate/checks/doctor/subject"
)

func cliproxyHeaders(s *subject.Subject) checks.Check {
	return checks.Check{
		ID: "cliproxy.headers", Title: "CLIProxyAPI passes the providers' headers on", Needs: []string{"cliproxy.config"},
		Run: func(context.Context) checks.Outcome {
			if s.Config.Version == 3 {
				return checks.Skipped("version 3 has no router: clients talk to CLIProxyAPI itself")
			}
			own, err := s.CLIProxyFile()
			if err != nil {
				return checks.Skipped("%v", err)
			}
			if !own.PassthroughHeaders {
				return checks.Warned("passthrough-headers is not true in %s: clients see no rate limits of the providers",
					s.ShortPath(s.Config.CLIProxyConfigFile)).
					WithFix("", "write passthrough-headers: true there; the server reads the file again by itself")
			}
			return checks.Passed(nil)
		},
	}
}
