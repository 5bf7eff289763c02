package settings

import (
	"slices"

	"github.com/flowgate-go/flowgate/internal/router/settings/document"
)

// warnUnknownGroups warns about settings of single groups whose groups model_list does not
// have.
func warnUnknownGroups(s *Settings, litellm, router document.Section) {
	for _, key := range [...]string{"model_group_retry_policy", "model_group_affinity_config"} {
		groups := router.Sub(key)
		for _, group := range groups.Keys() {
			if !s.isMentioned(group) {
				warnUnknownGroup(groups.File(), groups.At(group), group)
			}
		}
	}
	const forwarding = "forward_client_headers_to_llm_api"
	groups := litellm.Sub("model_group_settings")
	for i, group := range groups.List(forwarding) {
		if name, isText := group.(string); isText && !isPattern(name) && !s.isMentioned(name) {
			warnUnknownGroup(groups.File(), append(groups.At(forwarding), i), name)
		}
	}
}

// warnUnknownGroup warns about a setting of a group that does not exist.
func warnUnknownGroup(file *document.File, path []any, group string) {
	file.Warn("group-unknown", path, "no deployment has %q as model_name", group)
}

// isMentioned reports whether a name is that of a group, whether it can serve or not, of an
// alias or of a routing group, or one that a pattern matches.
func (s *Settings) isMentioned(name string) bool {
	isNamed := func(d *Deployment) bool { return d.Group == name }
	return slices.ContainsFunc(s.Deployments, isNamed) || slices.ContainsFunc(s.Unserved, isNamed) ||
		slices.ContainsFunc(s.Aliases, func(a Alias) bool { return a.Name == name }) ||
		slices.ContainsFunc(s.RoutingGroups, func(g RoutingGroup) bool { return g.Name == name }) || s.MatchesPattern(name)
}
