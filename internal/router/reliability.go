package router

import (
	"maps"
	"slices"
	"time"

	"github.com/samber/lo"
)

// reliability reads how often and how long the router tries.
func reliability(s *Settings, litellm, router section) {
	litellm.known("num_retries", "request_timeout", "allowed_fails", "cooldown_time", "fallbacks", "default_fallbacks", "context_window_fallbacks", "model_group_settings", keepAliveKey)
	router.known("routing_strategy", "num_retries", "timeout", "stream_timeout", "ttft_timeout", "allowed_fails", "cooldown_time", "disable_cooldowns",
		"fallbacks", "default_fallbacks", "context_window_fallbacks")
	if strategy, _ := router.text("routing_strategy"); strategy != "" && strategy != "simple-shuffle" {
		router.doc.warn("routing-strategy-unknown", router.at("routing_strategy"), "routing strategy %q is not available; simple-shuffle is used", strategy)
	}
	// Measured: router_settings win for num_retries, litellm_settings for the timeout.
	s.numRetries = *lo.CoalesceOrEmpty(router.count("num_retries"), litellm.count("num_retries"), lo.ToPtr(defaultRetries))
	s.timeout = lo.CoalesceOrEmpty(litellm.seconds("request_timeout"), router.seconds("timeout"))
	s.stream, s.firstContent = router.seconds("stream_timeout"), router.seconds("ttft_timeout")
	s.cooling = cooldownRule{router.count("allowed_fails"), length(router), router.flag("disable_cooldowns")}
	s.coolingDead = cooldownRule{allowedFails: litellm.count("allowed_fails"), length: length(litellm)}
	for _, key := range []string{"allowed_fails", "cooldown_time"} {
		if litellm.values[key] != nil {
			litellm.doc.warn("cooldown-setting-misplaced", litellm.at(key), "LiteLLM ignores %s under litellm_settings; the embedded router honours it: write it under router_settings", key)
		}
	}
	if n := s.cooling.allowedFails; n != nil && *n == defaultAllowedFails {
		router.doc.warn("allowed-fails-default", router.at("allowed_fails"), "LiteLLM takes allowed_fails: 3 for unset; the embedded router honours it")
	}
}

func length(s section) *time.Duration { return s.interval("cooldown_time") }

// fallbacks reads the three kinds of fallback. Measured: a list under
// router_settings replaces the whole list under litellm_settings.
func fallbacks(s *Settings, litellm, router section) {
	pick := func(key string) map[string][]string {
		if m := router.chains(key); len(m) > 0 {
			return m
		}
		return litellm.chains(key)
	}
	s.fallbacks, s.contextFallbacks = pick("fallbacks"), pick("context_window_fallbacks")
	s.defaultFallbacks = litellm.names("default_fallbacks")
	if own := router.names("default_fallbacks"); len(own) > 0 {
		s.defaultFallbacks = own
	}
}

// ghosts warns about fallbacks from or to groups that model_list does not have.
func ghosts(s *Settings, top section) {
	exists := lo.SliceToMap(s.names, func(n string) (string, bool) { return n, true })
	check := func(key, from string, to []string) {
		section := "litellm_settings"
		if top.sub("router_settings").values[key] != nil {
			section = "router_settings"
		}
		for _, name := range append([]string{from}, to...) {
			if name != "*" && !exists[name] {
				top.doc.warn("fallback-unknown", []any{section, key}, "a fallback names %q, which no deployment that can serve has as model_name", name)
			}
		}
	}
	for key, chains := range map[string]map[string][]string{"fallbacks": s.fallbacks, "context_window_fallbacks": s.contextFallbacks} {
		for _, from := range slices.Sorted(maps.Keys(chains)) {
			check(key, from, chains[from])
		}
	}
	check("default_fallbacks", "*", s.defaultFallbacks)
}
