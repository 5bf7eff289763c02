package settings

import (
	"cmp"
	"slices"
	"time"

	"github.com/flowgate-go/flowgate/internal/router/settings/document"
	"github.com/flowgate-go/flowgate/internal/suggest"
)

// AffinityChecks say which requests stay at one deployment of a group.
type AffinityChecks struct {
	Session     bool // session_affinity: requests of the same session
	Key         bool // deployment_affinity: requests with the same key
	PromptCache bool // prompt_caching: requests that begin like an earlier one, up to a mark of Anthropic's cache
}

// Any reports whether any check is set.
func (c AffinityChecks) Any() bool { return c != AffinityChecks{} }

// Affinity says which requests stay at one deployment, and for how long:
// router_settings.optional_pre_call_checks and the settings that belong to it.
type Affinity struct {
	TTL time.Duration // how long a session stays at its deployment after its last request

	general AffinityChecks
	groups  map[string]AffinityChecks // model_group_affinity_config, by model_name
}

// Of returns the checks of a group: its own, or the general ones.
func (a *Affinity) Of(group string) AffinityChecks {
	if checks, ok := a.groups[group]; ok {
		return checks
	}
	return a.general
}

// Any reports whether any check is set for some group.
func (a *Affinity) Any() bool {
	for _, checks := range a.groups {
		if checks.Any() {
			return true
		}
	}
	return a.general.Any()
}

// defaultAffinityTTL is the default of LiteLLM's deployment_affinity_ttl_seconds.
const defaultAffinityTTL = time.Hour

// The names of the checks that can be set.
const (
	checkSession     = "session_affinity"
	checkKey         = "deployment_affinity"
	checkPromptCache = "prompt_caching"
	checkLimits      = "enforce_model_rate_limits"
)

// builtInChecks returns the names of the checks that the router always makes: state of an
// upstream goes back to it, and headers are forwarded as forward_client_headers_to_llm_api
// says.
func builtInChecks() []string {
	return []string{"responses_api_deployment_check", "encrypted_content_affinity",
		"forward_client_headers_by_model_group"}
}

// readAffinity reads which requests stay at a deployment, and whether limits are enforced.
func readAffinity(s *Settings, router document.Section) {
	s.Affinity.TTL = cmp.Or(router.Seconds("deployment_affinity_ttl_seconds"), defaultAffinityTTL)
	names := router.Texts("optional_pre_call_checks", "the name of a check")
	warnUnknownChecks(router, "optional_pre_call_checks", names)
	s.Affinity.general = newAffinityChecks(names)
	s.Balancing.EnforcesLimits = slices.Contains(names, checkLimits)
	groups := router.Sub("model_group_affinity_config")
	for _, group := range groups.Keys() {
		names := groups.Texts(group, "the name of a check")
		warnUnknownChecks(groups, group, names)
		if s.Affinity.groups == nil {
			s.Affinity.groups = map[string]AffinityChecks{}
		}
		s.Affinity.groups[group] = newAffinityChecks(names)
	}
	if s.Affinity.general.Key {
		router.Warn("affinity-of-one-key", "optional_pre_call_checks", "all clients have one key: with deployment_affinity "+
			"all requests of a group go to one deployment; session_affinity keeps each session together")
	}
}

// newAffinityChecks returns the checks that are in names.
func newAffinityChecks(names []string) AffinityChecks {
	return AffinityChecks{Session: slices.Contains(names, checkSession), Key: slices.Contains(names, checkKey),
		PromptCache: slices.Contains(names, checkPromptCache)}
}

// warnUnknownChecks warns about each name of a check that the router does not have.
func warnUnknownChecks(section document.Section, key string, names []string) {
	known := append(builtInChecks(), checkSession, checkKey, checkPromptCache, checkLimits)
	for _, name := range names {
		if !slices.Contains(known, name) {
			section.Warn("pre-call-check-unknown", key, "%s", suggest.HintAfter(
				"the embedded router does not have the check \""+name+"\"", name, known))
		}
	}
}
