package upstream

import (
	"context"
	"strings"

	"github.com/samber/lo"

	"github.com/flowgate-go/flowgate/checks"
	"github.com/flowgate-go/flowgate/checks/doctor/subject"
)

func cliproxyKeys(s *subject.Subject) checks.Check {
	return checks.Check{
		ID: "cliproxy.keys", Title: "CLIProxyAPI requires a key that is not a sample", Needs: []string{"cliproxy.config"},
		Run: func(context.Context) checks.Outcome {
			own, _ := s.CLIProxyFile()
			keys := lo.Filter(own.APIKeys, func(k string, _ int) bool { return strings.TrimSpace(k) != "" })
			if len(keys) == 0 {
				return checks.Failed("api-keys in %s is empty: every client that reaches it is served",
					s.ShortPath(s.Config.CLIProxyConfigFile)).
					WithFix("", "write a random key there, and the same into .router/secrets/upstream.key")
			}
			if _, sample := lo.Find(keys, func(k string) bool { return strings.HasPrefix(k, "your-api-key") }); sample {
				return checks.Failed("api-keys in %s holds a sample key: CLIProxyAPI refuses every request then",
					s.ShortPath(s.Config.CLIProxyConfigFile)).
					WithFix("", "replace it by a random key, and write the same into .router/secrets/upstream.key")
			}
			return checks.Passed(nil)
		},
	}
}
