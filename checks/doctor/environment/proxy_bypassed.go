package environment

import (
	"context"
	"net"
	"strings"

	"github.com/samber/lo"

	"github.com/flowgate-go/flowgate/checks"
	"github.com/flowgate-go/flowgate/checks/doctor/subject"
)

func proxyBypassed(s *subject.Subject) checks.Check {
	return checks.Check{
		ID: "environment.proxy", Title: "Requests to this machine use no proxy",
		Run: func(context.Context) checks.Outcome {
			var set []string
			for _, name := range [...]string{"HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"} {
				if s.Getenv(name) != "" {
					set = append(set, name)
				}
			}
			covered := isBypassed(lo.CoalesceOrEmpty(s.Getenv("no_proxy"), s.Getenv("NO_PROXY")))
			if len(set) == 0 || covered {
				return checks.Passed(nil)
			}
			return checks.Warned("%s is set, and NO_PROXY does not name 127.0.0.1", strings.Join(set, ", ")).
				WithFix("export NO_PROXY=127.0.0.1,localhost,::1 no_proxy=127.0.0.1,localhost,::1", "keep clients' requests "+
					"to the router on this machine")
		},
	}
}

// isBypassed reports whether a NO_PROXY list covers 127.0.0.1, as common clients
// read it: an address, a network, or * for everything.
func isBypassed(list string) bool {
	return lo.SomeBy(strings.Split(list, ","), func(entry string) bool {
		entry = strings.TrimSpace(entry)
		_, network, err := net.ParseCIDR(entry)
		return entry == "*" || entry == "127.0.0.1" || err == nil && network.Contains(net.IPv4(127, 0, 0, 1))
	})
}
