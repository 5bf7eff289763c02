package security

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"

	"github.com/flowgate-go/flowgate/checks"
	"github.com/flowgate-go/flowgate/internal/cliproxy"
	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/keyfile"
)

// withCLIProxyConfig returns the outcome of judge for CLIProxyAPI's own configuration; it
// is skipped when there is none.
func (s *audit) withCLIProxyConfig(judge func(path string, u cliproxy.File) checks.Outcome) checks.Outcome {
	if s.cfg == nil {
		return s.skippedWithoutConfig()
	}
	path := s.cfg.CLIProxyConfigFile
	if path == "" {
		return checks.Skipped("no configuration file of CLIProxyAPI is known")
	}
	u, err := cliproxy.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return checks.Skipped("there is no %s", s.shortPath(path))
	}
	if err != nil {
		return checks.Failed("%v", err)
	}
	return judge(s.shortPath(path), u)
}

func (s *audit) managementKey() checks.Check {
	return checks.Check{
		ID: "management.key", Title: "The management key cannot be guessed",
		Run: func(context.Context) checks.Outcome {
			return s.withCLIProxyConfig(func(path string, u cliproxy.File) checks.Outcome {
				key := u.Manage.Secret
				if isHash(key) {
					key = s.readManagementKey()
				}
				if key == "" && u.Manage.Secret != "" {
					return checks.Skipped("%s has only the key's hash, and there is no .router/secrets/management.key", path)
				}
				if why := findWeakness(key); key != "" && why != "" {
					return checks.Failed("remote-management.secret-key in %s %s", path, why).
						WithFix("", "write a random one, and the same into .router/secrets/management.key")
				}
				return checks.Passed(nil)
			})
		},
	}
}

// isHash reports whether a key is a bcrypt hash.
func isHash(key string) bool {
	return strings.HasPrefix(key, "$2a$") || strings.HasPrefix(key, "$2b$") || strings.HasPrefix(key, "$2y$")
}

// readManagementKey returns the key in FlowGate's own file; "" when it cannot be read.
func (s *audit) readManagementKey() string {
	key, _, err := keyfile.Read(s.cfg.Paths.Secrets() + "/management.key")
	if err != nil {
		return ""
	}
	return key
}

// minKeyLength is the least length in bytes of a key that cannot be guessed by trying.
const minKeyLength = 16

// findWeakness returns why a key can be guessed; "" when it cannot.
func findWeakness(key string) string {
	lower := strings.ToLower(key)
	for _, sample := range [...]string{
		"your-", "changeme", "change-me", "example", "placeholder",
		"password", "secret-key", "management-key", "sk-1234", "admin", "xxxx", "<", "replace",
	} {
		if strings.HasPrefix(lower, sample) {
			return "is a sample"
		}
	}
	if len(key) < minKeyLength {
		return fmt.Sprintf("is shorter than %d characters", minKeyLength)
	}
	if strings.Count(key, key[:1]) == len(key) {
		return "is one character repeated"
	}
	return ""
}

func (s *audit) managementRemote() checks.Check {
	return checks.Check{
		ID: "management.remote", Title: "Accounts are managed from this machine only",
		Run: func(context.Context) checks.Outcome {
			if s.cfg != nil && s.isRemoteByEnvironment() {
				return checks.Failed("MANAGEMENT_PASSWORD is set for cliproxyapi_plus: it turns remote management on").
					WithFix("", "unset it, and use remote-management.secret-key")
			}
			return s.withCLIProxyConfig(func(path string, u cliproxy.File) checks.Outcome {
				if u.Manage.AllowRemote {
					return checks.Failed("remote-management.allow-remote is on in %s", path).WithFix("", "write allow-remote: false")
				}
				return checks.Passed(nil)
			})
		},
	}
}

// isRemoteByEnvironment reports whether a variable turns CLIProxyAPI's remote management
// on.
func (s *audit) isRemoteByEnvironment() bool {
	svc, ok := s.cfg.Service(config.CLIProxy)
	if !ok || svc.Runtime == config.RuntimeEcho {
		return false
	}
	return svc.Env["MANAGEMENT_PASSWORD"] != "" || s.options.Getenv("MANAGEMENT_PASSWORD") != ""
}

func (s *audit) upstreamQuiet() checks.Check {
	return checks.Check{
		ID: "upstream.quiet", Title: "CLIProxyAPI writes no requests down and serves nothing extra",
		Timeout: 5 * time.Second,
		Run: func(context.Context) checks.Outcome {
			return s.withCLIProxyConfig(func(path string, u cliproxy.File) checks.Outcome {
				var on []string
				for name, isOn := range map[string]bool{"debug": u.Debug, "request-log": u.RequestLog, "pprof": u.Pprof.Enable} {
					if isOn {
						on = append(on, name)
					}
				}
				if !u.Manage.NoPanel && u.Manage.Secret != "" {
					on = append(on, "the control panel (disable-control-panel: false)")
				}
				slices.Sort(on)
				if len(on) > 0 {
					return checks.Warned("on in %s: %s", path, joinNames(on)).WithFix("", "turn each off")
				}
				return checks.Passed(nil)
			})
		},
	}
}
