package settings

import (
	"cmp"
	"slices"
	"time"

	"github.com/samber/lo"

	"github.com/flowgate-go/flowgate/internal/router/settings/document"
	"github.com/flowgate-go/flowgate/internal/suggest"
)

// Strategy is a value of router_settings.routing_strategy. It says how a deployment of a
// group is chosen.
type Strategy string

// The strategies, by LiteLLM's names.
const (
	SimpleShuffle Strategy = "simple-shuffle"         // at random, by weight
	LeastBusy     Strategy = "least-busy"             // by the requests in flight
	LatencyBased  Strategy = "latency-based-routing"  // by the latencies of replies
	UsageBased    Strategy = "usage-based-routing-v2" // by the tokens of the current minute
	CostBased     Strategy = "cost-based-routing"     // by price
)

// oldUsageBased is LiteLLM's first strategy by usage. UsageBased takes its place, which
// makes the same decisions.
const oldUsageBased = "usage-based-routing"

// Strategies returns the names that routing_strategy may have.
func Strategies() []string {
	return []string{string(SimpleShuffle), string(LeastBusy), string(LatencyBased), string(UsageBased), string(CostBased),
		oldUsageBased}
}

// Balancing says how requests are spread over the deployments of a group:
// router_settings.routing_strategy and routing_strategy_args.
type Balancing struct {
	Strategy       Strategy
	EnforcesLimits bool // enforce_model_rate_limits: rpm and tpm are limits with every strategy

	// The other fields are arguments of LatencyBased.

	SampleTTL  time.Duration // how long a latency counts
	MaxSamples int           // how many of a deployment's newest latencies count
	// LatencyBuffer is the share of the best latency by which another one may be worse and
	// still count as equal to the best.
	LatencyBuffer        float64
	FirstTokenPercentile float64 // of the times to the first token, above 0 and up to 1; 0: their mean
}

// Defaults of LiteLLM 1.106.2's routing_strategy_args.
const (
	defaultSampleTTL  = time.Hour
	defaultMaxSamples = 10
)

// maxSamplesLimit is the largest MaxSamples that a file may ask for. It bounds the memory
// of a deployment.
const maxSamplesLimit = 1000

// CountsUsage reports whether the usage of deployments has to be counted: for the
// strategy, or for limits.
func (b Balancing) CountsUsage() bool { return b.Strategy != SimpleShuffle || b.EnforcesLimits }

// CountsTokens reports whether the tokens of replies have to be counted: for the strategy,
// or for limits, which LeastBusy and SimpleShuffle do not heed by themselves.
func (b Balancing) CountsTokens() bool {
	return b.Strategy != SimpleShuffle && b.Strategy != LeastBusy || b.EnforcesLimits
}

// MeasuresPrompts reports whether the length of prompts has to be known: to check it, for
// the strategy, or for limits of tokens.
func (s *Settings) MeasuresPrompts() bool {
	hasTokenLimit := slices.ContainsFunc(s.Deployments, func(d *Deployment) bool { return d.MaxTPM != nil })
	measures := func(b Balancing) bool { return b.Strategy == UsageBased || b.CountsTokens() && hasTokenLimit }
	return s.ChecksPrompts || measures(s.Balancing) ||
		slices.ContainsFunc(s.RoutingGroups, func(g RoutingGroup) bool { return measures(g.Balancing) })
}

// balancingOf returns how requests for a group are spread: by the routing group that has it,
// or by the general strategy.
func (s *Settings) balancingOf(group string) Balancing {
	for _, g := range s.RoutingGroups {
		if !g.HasPriorities() && slices.Contains(g.Models, group) {
			return g.Balancing
		}
	}
	return s.Balancing
}

// budgetStrategy is LiteLLM's strategy that leaves out providers whose budget is used up.
const budgetStrategy = "provider-budget-routing"

// readBalancing reads the routing strategy and its arguments from router_settings, or from
// an entry of routing_groups.
func readBalancing(router document.Section) Balancing {
	b := Balancing{Strategy: SimpleShuffle, SampleTTL: defaultSampleTTL, MaxSamples: defaultMaxSamples}
	name := router.Word("routing_strategy")
	switch {
	case name == "":
	case name == oldUsageBased:
		b.Strategy = UsageBased
		router.Warn("routing-strategy-replaced", "routing_strategy", "%s is served as %s; write that instead", name,
			UsageBased)
	case slices.Contains(Strategies(), name):
		b.Strategy = Strategy(name)
	case name == budgetStrategy: // a budget itself is refused
		router.Warn("routing-strategy-replaced", "routing_strategy", "the embedded router has no budgets; %s is used",
			SimpleShuffle)
	default:
		router.Warn("routing-strategy-unknown", "routing_strategy", "%s", suggest.HintAfter(
			"routing strategy \""+name+"\" is not available, and simple-shuffle is used", name, Strategies()))
	}
	readStrategyArgs(&b, router.Sub("routing_strategy_args"))
	return b
}

// readStrategyArgs reads routing_strategy_args. Arguments that the strategy does not have
// are ignored, as in LiteLLM.
func readStrategyArgs(b *Balancing, args document.Section) {
	for _, key := range args.Keys() {
		switch {
		case b.Strategy == LatencyBased && b.readLatencyArg(args, key):
		case b.Strategy == UsageBased && key == "ttl": // LiteLLM keeps the counts of a minute for so long; no effect here
		default:
			args.Warn("routing-argument-ignored", key, "%s has no effect with the strategy %s", key, b.Strategy)
		}
	}
}

// readLatencyArg reads an argument of LatencyBased. It reports whether LatencyBased has an
// argument of that name.
func (b *Balancing) readLatencyArg(args document.Section, key string) bool {
	switch key {
	case "ttl":
		b.SampleTTL = cmp.Or(args.Seconds(key), b.SampleTTL)
	case "lowest_latency_buffer":
		if share := args.Number(key); share != nil {
			b.LatencyBuffer = *share
		}
	case "max_latency_list_size", "rolling_window_size": // the second is an older name
		if n := args.Count(key); n != nil && (*n < 1 || *n > maxSamplesLimit) {
			args.Fail(key, "expected a number from 1 to %d", maxSamplesLimit)
		} else if n != nil {
			b.MaxSamples = *n
		}
	case "ttft_percentile":
		if share := args.Number(key); share != nil && (*share <= 0 || *share > 1) {
			args.Fail(key, "expected a share above 0 and up to 1, such as 0.9")
		} else if share != nil {
			b.FirstTokenPercentile = *share
		}
	default:
		return false
	}
	return true
}

// readUsageLimits reads what strategies need to know of a deployment: its limits per
// minute and its prices. The keys of the entry itself count first, then those of litellm_params
// and of model_info.
func readUsageLimits(d *Deployment, entry document.Section) {
	params, info := entry.Sub("litellm_params"), entry.Sub("model_info")
	d.MaxRPM, d.MaxTPM = firstNumber("rpm", entry, params, info), firstNumber("tpm", entry, params, info)
	d.InputCost = firstNumber("input_cost_per_token", params, info)
	d.OutputCost = firstNumber("output_cost_per_token", params, info)
}

// firstNumber returns the number under key in the first section that has one; nil when
// none has.
func firstNumber(key string, sections ...document.Section) *float64 {
	for _, section := range sections {
		if n := section.Number(key); n != nil {
			return n
		}
	}
	return nil
}

// readPrices completes the prices of the deployments whose strategy is CostBased. It warns about
// those without a price that share a group with others.
func readPrices(s *Settings, top document.Section) {
	isCostBased := func(d *Deployment) bool { return s.balancingOf(d.Group).Strategy == CostBased }
	if !slices.ContainsFunc(s.Deployments, isCostBased) {
		return
	}
	s.prices.read()
	siblings := lo.CountValuesBy(s.Deployments, func(d *Deployment) string { return d.Group })
	for _, d := range s.Deployments {
		if !isCostBased(d) {
			continue
		}
		if s.prices.complete(d); siblings[d.Group] > 1 && !d.HasPrice() {
			top.File().Warn("price-unknown", []any{"model_list", d.Index, "litellm_params"}, "the price of the model is not "+
				"known, and input_cost_per_token and output_cost_per_token are not set; cost-based-routing asks the deployment "+
				"only when no other one with a price can answer")
		}
	}
}

// HasPrice reports whether both prices of the deployment are known.
func (d *Deployment) HasPrice() bool { return d.InputCost != nil && d.OutputCost != nil }
