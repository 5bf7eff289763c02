package settings

import (
	"maps"
	"slices"

	"github.com/samber/lo"

	"github.com/flowgate-go/flowgate/internal/router/settings/document"
)

// keepAliveKey is LiteLLM's name for the interval of keep-alives, under
// litellm_settings. The router reads it under general_settings too.
const keepAliveKey = "sse_keepalive_ping_interval_seconds"

// readReliability reads the routing strategy, affinity, retries, timeouts and cooldowns.
func readReliability(s *Settings, litellm, router document.Section) {
	known := append(harmlessLiteLLMKeys(), "drop_params", "num_retries", "request_timeout", "allowed_fails",
		"cooldown_time", "fallbacks", "default_fallbacks", "context_window_fallbacks", "model_group_settings",
		"model_alias_map", keepAliveKey, metricsAuthKey, forwardTraceKey)
	litellm.WarnUnknown(append(known, servedCallbackKeys(litellm)...)...)
	router.WarnUnknown(append(append(harmlessRouterKeys(), redisKeys...), "routing_strategy", "routing_strategy_args",
		"optional_pre_call_checks", "deployment_affinity_ttl_seconds", "model_group_affinity_config", "num_retries",
		"timeout", "stream_timeout", "ttft_timeout", "allowed_fails", "cooldown_time", "disable_cooldowns", "fallbacks",
		"default_fallbacks", "context_window_fallbacks", "model_group_alias", "enable_pre_call_checks", "retry_policy",
		"model_group_retry_policy", "routing_groups")...)
	s.Balancing = readBalancing(router)
	readAffinity(s, router)
	s.Redis = readRedis(router)
	// Measured: router_settings win for num_retries, litellm_settings for the timeout.
	s.Retries = *lo.CoalesceOrEmpty(router.Count("num_retries"), litellm.Count("num_retries"), lo.ToPtr(defaultRetries))
	readRetryPolicies(s, router)
	s.Timeout = lo.CoalesceOrEmpty(litellm.Seconds("request_timeout"), router.Seconds("timeout"))
	s.StreamTimeout, s.FirstContentTimeout = router.Seconds("stream_timeout"), router.Seconds("ttft_timeout")
	s.Cooldown = CooldownRule{router.Count("allowed_fails"), router.Interval("cooldown_time"),
		router.Flag("disable_cooldowns")}
	s.MisplacedCooldown = CooldownRule{AllowedFails: litellm.Count("allowed_fails"),
		Length: litellm.Interval("cooldown_time")}
	for _, key := range []string{"allowed_fails", "cooldown_time"} {
		if litellm.Has(key) {
			litellm.Warn("cooldown-setting-misplaced", key,
				"LiteLLM ignores %s under litellm_settings; the embedded router honours it: write it under "+
					"router_settings", key)
		}
	}
	if n := s.Cooldown.AllowedFails; n != nil && *n == DefaultAllowedFails {
		router.Warn("allowed-fails-default", "allowed_fails",
			"LiteLLM treats allowed_fails: 3 as unset; the embedded router honours it")
	}
}

// readFallbacks reads the three kinds of fallback. Measured: a list under
// router_settings replaces the whole list under litellm_settings.
func readFallbacks(s *Settings, litellm, router document.Section) {
	read := func(key string) map[string][]string {
		if m := router.Chains(key); len(m) > 0 {
			return m
		}
		return litellm.Chains(key)
	}
	s.Fallbacks, s.ContextFallbacks = read("fallbacks"), read("context_window_fallbacks")
	s.DefaultFallbacks = litellm.Names("default_fallbacks")
	if names := router.Names("default_fallbacks"); len(names) > 0 {
		s.DefaultFallbacks = names
	}
}

// warnUnknownFallbacks warns about fallbacks from or to groups that model_list does not have.
func warnUnknownFallbacks(s *Settings, top document.Section) {
	exists := lo.SliceToMap(s.Groups, func(n string) (string, bool) { return n, true })
	for _, a := range s.Aliases {
		exists[a.Name] = true
	}
	for _, g := range s.RoutingGroups {
		exists[g.Name] = true
	}
	check := func(path []any, v any) {
		if name, _ := v.(string); name != "" && name != "*" && !exists[name] && !s.MatchesPattern(name) {
			top.File().Warn("fallback-unknown", path,
				"a fallback names %q, which no deployment that can serve has as model_name", name)
		}
	}
	for _, key := range [...]string{"fallbacks", "context_window_fallbacks", "default_fallbacks"} {
		section := top.Sub("router_settings") // its list replaces the other one
		if len(section.List(key)) == 0 {
			section = top.Sub("litellm_settings")
		}
		for i, v := range section.List(key) {
			at := append(section.At(key), i)
			if key == "default_fallbacks" {
				check(at, v)
			}
			checkChains(at, v, check)
		}
	}
}

// checkChains calls check for each name in an entry of fallbacks, a mapping at path from groups to
// lists of groups.
func checkChains(path []any, entry any, check func(path []any, v any)) {
	chains, _ := entry.(map[string]any)
	if chains["fallback_models"] != nil { // an error already
		return
	}
	for _, from := range slices.Sorted(maps.Keys(chains)) {
		targets, isList := chains[from].([]any)
		if !isList { // an error already
			continue
		}
		at := append(slices.Clone(path), from)
		check(at, from)
		for i, to := range targets {
			check(append(slices.Clone(at), i), to)
		}
	}
}
