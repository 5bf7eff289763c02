package wiring

import (
	"context"
	"crypto/subtle"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/flowgate-go/flowgate/checks"
	"github.com/flowgate-go/flowgate/checks/doctor/subject"
	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/keyfile"
)

func stackKey(s *subject.Subject) checks.Check {
	return checks.Check{
		ID: "stack.key", Title: "The upstream accepts the key that the router sends",
		Needs: []string{"config.valid", "keys.present"},
		Run: func(context.Context) checks.Outcome {
			up, ok := s.Config.Service(config.CLIProxy)
			if _, routed := s.Config.Service(config.LiteLLM); !ok || !routed {
				return checks.Skipped("there is no router")
			}
			accepted, where, err := acceptedKeys(s)
			if err != nil {
				return checks.Skipped("what the upstream accepts is not known: %v", subject.WithoutPath(err))
			}
			plan, err := s.PlannedConfig()
			if err != nil {
				return checks.Skipped("the keys are not known: %v", err)
			}
			var bad []string
			for _, d := range subject.DeploymentsIn(plan.Config) {
				if d.LeadsTo(up) && !accepted(resolveKey(s, d)) {
					bad = append(bad, d.String())
				}
			}
			if len(bad) == 0 {
				return checks.Passed(nil)
			}
			return checks.Failed("%s: the key is not in %s", strings.Join(bad, ", "), where).
				WithFix("", fmt.Sprintf("put the same key into %s and the credential that the deployment names", where))
		},
	}
}

// acceptedKeys returns a func that reports whether the upstream accepts a key, and the
// place where the accepted keys are.
func acceptedKeys(s *subject.Subject) (accepts func(string) bool, where string, err error) {
	if _, isCLIProxy := s.CLIProxyService(); isCLIProxy {
		own, err := s.CLIProxyFile()
		return own.Accepts, "api-keys of " + s.ShortPath(s.Config.CLIProxyConfigFile), err
	}
	path := filepath.Join(s.Config.Paths.Secrets(), "upstream.key")
	key, _, err := keyfile.Read(path)
	same := func(other string) bool { return subtle.ConstantTimeCompare([]byte(key), []byte(other)) == 1 }
	return same, s.ShortPath(path), err
}

// resolveKey returns the key that d sends, with references looked up.
func resolveKey(s *subject.Subject, d subject.Deployment) string {
	key, _ := d.Params["api_key"].(string)
	if name, ok := strings.CutPrefix(key, "os.environ/"); ok {
		return s.Getenv(name)
	}
	return key
}
