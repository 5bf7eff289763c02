package upstream

import (
	"context"
	"errors"
	"io/fs"
	"strings"

	"github.com/flowgate-go/flowgate/checks"
	"github.com/flowgate-go/flowgate/checks/doctor/subject"
	"github.com/flowgate-go/flowgate/internal/cliproxy"
	"github.com/flowgate-go/flowgate/internal/keyfile"
)

func cliproxyCurrent(s *subject.Subject) checks.Check {
	return checks.Check{
		ID: "cliproxy.current", Title: "CLIProxyAPI runs with its file as it is now",
		Needs: []string{"cliproxy.config", "cliproxy.management"}, Timeout: subject.Patience, Active: true,
		Run: func(ctx context.Context) checks.Outcome {
			svc, isCLIProxy := s.CLIProxyService()
			if !isCLIProxy {
				return subject.SkippedForEcho()
			}
			key, _, err := keyfile.Read(managementKeyFile(s))
			if errors.Is(err, fs.ErrNotExist) {
				return checks.Skipped("only the management API tells what the server loaded, and there is no %s",
					s.ShortPath(managementKeyFile(s)))
			}
			if err != nil {
				return checks.FromFault(err)
			}
			ctx, cancel := context.WithTimeout(ctx, subject.Patience)
			defer cancel()
			client := &cliproxy.Client{Base: svc.URL(), Key: key}
			unloaded, err := client.Unloaded(ctx, s.Config.CLIProxyConfigFile)
			switch {
			case errors.Is(err, cliproxy.ErrUnsupported):
				return checks.Skipped("this CLIProxyAPI does not tell what it loaded")
			case err != nil:
				return checks.FromFault(err)
			case len(unloaded) > 0:
				return checks.Warned("the server does not have what %s says of %s", s.ShortPath(s.Config.CLIProxyConfigFile),
					strings.Join(unloaded, ", ")).
					WithFix("mage restart "+svc.Name, "start it with the file as it is now")
			}
			return checks.Passed(nil)
		},
	}
}
