package routing

import (
	"context"
	"encoding/json"
	"net"
	"net/netip"
	"strings"

	"github.com/flowgate-go/flowgate/checks"
	"github.com/flowgate-go/flowgate/checks/doctor/subject"
	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/hostname"
	"github.com/flowgate-go/flowgate/internal/preview"
	"github.com/flowgate-go/flowgate/internal/router/settings"
)

func routerRedis(s *subject.Subject) checks.Check {
	return checks.Check{
		ID: "router.redis", Title: "Redis answers, and asks for a password where others reach it",
		Needs: []string{"config.valid"}, Timeout: subject.Patience,
		Run: func(ctx context.Context) checks.Outcome {
			if !preview.IsRouted(s.Config) {
				return checks.Skipped("the router is not the embedded one")
			}
			r := preview.Redis(s.Config, s.Profile(), s.Getenv)
			if r == nil {
				return checks.Skipped("no Redis is configured")
			}
			if o := JudgeRedis(r); o.Status != checks.Passed(nil).Status {
				return o
			}
			problem := askSharing(ctx, s)
			if problem == "" {
				return checks.Passed(nil)
			}
			return checks.Warned("the router does not share its state through the Redis at %s: %s; it decides for itself",
				r.Address, problem).
				WithFix("mage logs litellm",
					"start Redis, or correct the redis_ settings of router_settings; docs/redis.md has each problem")
		},
	}
}

// JudgeRedis says what is unsafe about where a Redis is.
func JudgeRedis(r *settings.Redis) checks.Outcome {
	host, _, err := net.SplitHostPort(r.Address)
	if r.Network != "tcp" || err != nil || hostname.IsLoopback(host) {
		return checks.Passed(nil)
	}
	switch {
	case !r.TLS && !isPrivate(host):
		return checks.Failed("the password and what the routers share go to the Redis at %s without TLS", host).
			WithFix("", "write redis_url: rediss://…, or cache_kwargs: {ssl: true}")
	case r.Password == "":
		return checks.Warned("the Redis at %s has no password: whoever reaches it can read and change what the routers share",
			host).
			WithFix("", "give Redis a password (requirepass), and write redis_password: os.environ/REDIS_PASSWORD")
	}
	return checks.Passed(nil)
}

// privateNames are the ends of names that no resolver of the Internet has: those of clusters, and of networks
// at home (RFC 6762, RFC 8375, and ICANN's .internal).
var privateNames = [...]string{".svc", ".svc.cluster.local", ".local", ".internal", ".home.arpa", ".localhost"}

// isPrivate reports whether a host is in a private network, as far as its name or address tells.
func isPrivate(host string) bool {
	if a, err := netip.ParseAddr(host); err == nil {
		return a.IsPrivate() || a.IsLoopback() || a.IsLinkLocalUnicast()
	}
	name := strings.ToLower(strings.TrimSuffix(host, "."))
	for _, end := range privateNames {
		if strings.HasSuffix(name, end) {
			return true
		}
	}
	return !strings.Contains(name, ".")
}

// askSharing returns what the running router says is wrong with Redis; empty when nothing is, or it does not run.
func askSharing(ctx context.Context, s *subject.Subject) string {
	router, _ := s.Config.Service(config.LiteLLM)
	if _, isRunning := s.RunningService(config.LiteLLM); !isRunning {
		return ""
	}
	answer, err := s.Get(ctx, router.URL()+"/health/readiness")
	var health struct{ Redis string }
	if err != nil || json.Unmarshal([]byte(answer.Body), &health) != nil || health.Redis == "connected" {
		return ""
	}
	return health.Redis
}
