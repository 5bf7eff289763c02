package settings

import (
	"cmp"
	"slices"
	"strings"

	"github.com/flowgate-go/flowgate/internal/router/settings/document"
)

// readAliases reads the other names of groups. LiteLLM resolves model_alias_map first and
// then model_group_alias, each of them once. It never lists the names of model_alias_map.
func readAliases(s *Settings, litellm, router document.Section) {
	groupAliases := router.Sub("model_group_alias")
	byName := map[string]string{}
	for _, name := range groupAliases.Keys() {
		if a := readAlias(groupAliases, name); a.Target != "" {
			s.Aliases = append(s.Aliases, a)
			byName[name] = a.Target
		}
	}
	modelAliases := litellm.Sub("model_alias_map")
	for _, name := range modelAliases.Keys() {
		target := modelAliases.Word(name)
		if target == "" {
			modelAliases.Fail(name, "expected the name of a model group")
			continue
		}
		if next := byName[target]; next != "" {
			target = next
		}
		s.Aliases = slices.DeleteFunc(s.Aliases, func(a Alias) bool { return a.Name == name })
		s.Aliases = append(s.Aliases, Alias{Name: name, Target: target, Hidden: byName[name] == ""})
	}
	s.Aliases = slices.DeleteFunc(s.Aliases, func(a Alias) bool { return !s.isServed(a, groupAliases, modelAliases) })
}

// readAlias reads an alias: the name of a group, or a mapping of model and hidden.
func readAlias(groups document.Section, name string) Alias {
	if _, isText := groups.Value(name).(string); isText {
		target := groups.Word(name)
		return Alias{Name: name, Target: target}
	}
	entry := groups.Sub(name)
	entry.WarnUnknown("model", "hidden")
	target := entry.Word("model")
	if target == "" && groups.IsMapping(name) {
		groups.Fail(name, "expected the name of a model group, or a mapping that has it as model")
	}
	return Alias{Name: name, Target: target, Hidden: entry.Flag("hidden")}
}

// isServed reports whether an alias leads to a group that can serve. It warns at the
// section that has the alias when it does not.
func (s *Settings) isServed(a Alias, sections ...document.Section) bool {
	if slices.Contains(s.Groups, a.Target) || s.MatchesPattern(a.Target) || s.findRoutingGroup(a.Target) != nil {
		return true
	}
	for _, section := range sections {
		if section.Has(a.Name) {
			section.Warn("alias-unknown", a.Name,
				"the alias names %q, which no deployment that can serve has as model_name", a.Target)
			break
		}
	}
	return false
}

// ListedNames returns the names that GET /v1/models lists: the aliases that are not
// hidden, then the groups, as in LiteLLM, then the routing groups.
func (s *Settings) ListedNames() []string {
	var names []string
	for _, a := range s.Aliases {
		if !a.Hidden && !slices.Contains(s.Groups, a.Name) {
			names = append(names, a.Name)
		}
	}
	names = append(names, s.Groups...)
	for _, g := range s.RoutingGroups {
		if s.findRoutingGroup(g.Name) != nil {
			names = append(names, g.Name)
		}
	}
	return names
}

// PickerAlias is a name that a picker of Claude models shows for a listed model whose
// own name it would not show.
type PickerAlias struct {
	Name   string // claude-flowgate-router-default
	Shown  string // the listed name: router-default
	Target string // the group
}

// pickerPrefix is the beginning of the names for pickers: Claude Code shows only models
// whose ids begin with claude or anthropic.
const pickerPrefix = "claude-flowgate-"

// LongContextMark stands at the end of the names by which Claude Code knows models with a
// context of a million tokens. It is not part of the name.
const LongContextMark = "[1m]"

// addPickerAliases gives every listed name that a picker would not show a second name,
// unless a group or an alias has that name already.
func (s *Settings) addPickerAliases() {
	targets := map[string]string{}
	for _, a := range s.Aliases {
		targets[a.Name] = a.Target
	}
	listed := s.ListedNames()
	for _, name := range listed {
		lower := strings.ToLower(name)
		if strings.HasPrefix(lower, "claude") || strings.HasPrefix(lower, "anthropic") {
			continue
		}
		alias := pickerPrefix + name
		if _, isTaken := targets[alias]; !isTaken && !slices.Contains(s.Groups, alias) {
			s.PickerAliases = append(s.PickerAliases, PickerAlias{alias, name, cmp.Or(targets[name], name)})
		}
	}
}
