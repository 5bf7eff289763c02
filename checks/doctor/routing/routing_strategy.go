package routing

import (
	"context"
	"slices"
	"strings"

	"github.com/flowgate-go/flowgate/checks"
	"github.com/flowgate-go/flowgate/checks/doctor/subject"
	"github.com/flowgate-go/flowgate/internal/router/settings"
	"github.com/flowgate-go/flowgate/internal/suggest"
)

// strategies are LiteLLM 1.106's values of router_settings.routing_strategy.
var strategies = [...]string{
	"simple-shuffle",
	"least-busy",
	"usage-based-routing",
	"usage-based-routing-v2",
	"latency-based-routing",
	"cost-based-routing",
	"provider-budget-routing",
}

func routingStrategy(s *subject.Subject) checks.Check {
	return checks.Check{
		ID: "routing.strategy", Title: "The routing strategy is one that the router has", Needs: []string{"config.valid"},
		Run: func(context.Context) checks.Outcome {
			router, err := s.RouterSettings()
			if err != nil {
				return checks.Skipped("there is no router")
			}
			name, ok := subject.Section(router, "router_settings")["routing_strategy"].(string)
			switch {
			case !ok || name == strategies[0]:
				return checks.Passed(nil)
			case !slices.Contains(strategies[:], name):
				fix := "one of " + strings.Join(strategies[:], ", ")
				if near := suggest.Nearest(name, strategies[:]); near != "" {
					fix = "write routing_strategy: " + near
				}
				return checks.Failed("router_settings.routing_strategy is %q, which LiteLLM does not know", name).WithFix("", fix)
			case !s.RouterIsLiteLLM() && !slices.Contains(settings.Strategies(), name):
				return checks.Warned("router_settings.routing_strategy is %q, and the embedded router uses simple-shuffle", name).
					WithFix("", "write one of "+strings.Join(settings.Strategies(), ", ")+", or services.litellm.runtime: litellm")
			}
			return checks.Passed(nil)
		},
	}
}
