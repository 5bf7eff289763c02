package settings

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/flowgate-go/flowgate/internal/router/settings/document"
)

// maxMatchedName is the length of the longest name that is compared with patterns, in bytes.
const maxMatchedName = 512

// pattern is a model_name with *, such as openai/*, which serves every model whose
// name it matches.
type pattern struct {
	name       string
	expression *regexp.Regexp // one group for each *
	entries    []patternEntry
}

// patternEntry is an entry of model_list whose model_name is a pattern.
type patternEntry struct {
	index int         // its place in model_list, from 0
	base  *Deployment // the part that does not depend on the name of the model
}

// patterns has the patterns of a file, the most specific first.
type patterns struct {
	list    []*pattern
	top     document.Section
	forward forwardSettings
}

// isPattern reports whether a model_name stands for all names that it matches.
func isPattern(group string) bool { return strings.Contains(group, "*") }

// add adds an entry of model_list to its pattern.
func (p *patterns) add(index int, base *Deployment) {
	i := slices.IndexFunc(p.list, func(known *pattern) bool { return known.name == base.Group })
	if i < 0 {
		i = len(p.list)
		text := strings.ReplaceAll(regexp.QuoteMeta(base.Group), `\*`, "(.*)")
		p.list = append(p.list, &pattern{name: base.Group, expression: regexp.MustCompile("^" + text)})
	}
	p.list[i].entries = append(p.list[i].entries, patternEntry{index, base})
}

// sort puts the most specific pattern first, as LiteLLM 1.106.2 does: the longest
// regular expression, and among equally long ones the one with the most operators.
func (p *patterns) sort() {
	slices.SortStableFunc(p.list, func(a, b *pattern) int {
		lengthA, operatorsA := specificity(a.name)
		lengthB, operatorsB := specificity(b.name)
		return cmp.Or(lengthB-lengthA, operatorsB-operatorsA)
	})
}

// specificity returns the length of the regular expression that LiteLLM makes of a
// pattern, and the number of its operators. The expression has (.*) for each *, and the
// other characters as Python's re.escape writes them, some with a backslash.
func specificity(name string) (length, operators int) {
	length = utf8.RuneCountInString(name)
	for _, c := range name {
		switch {
		case c == '*':
			length, operators = length+len("(.*)")-1, operators+len("(*)")
		case strings.ContainsRune("()[]{}?+-|^$\\.&~# \t\n\r\v\f", c):
			length, operators = length+1, operators+1
			if strings.ContainsRune("+?\\^$|()", c) {
				operators++
			}
		}
	}
	return length, operators
}

// IsPattern reports whether the entry serves all models whose names match its
// model_name.
func (d *Deployment) IsPattern() bool { return isPattern(d.Group) }

// HasPatterns reports whether some model_name is a pattern.
func (s *Settings) HasPatterns() bool { return len(s.patterns.list) > 0 }

// Match returns the deployments of the most specific pattern that matches a model's
// name, each with the name that its upstream gets. When none of them can serve, reason
// says why. Both are empty when no pattern matches. Match may be called concurrently.
func (s *Settings) Match(model string) (deployments []*Deployment, reason string) {
	if model == "" || len(model) > maxMatchedName || !s.HasPatterns() {
		return nil, ""
	}
	p, name, parts := s.patterns.find(model)
	if p == nil {
		return nil, ""
	}
	deployments, reason = s.patterns.resolve(p, model, name, parts)
	for _, d := range deployments {
		s.prices.complete(d)
	}
	return deployments, reason
}

// MatchesPattern reports whether some pattern matches a model's name.
func (s *Settings) MatchesPattern(model string) bool {
	p, _, _ := s.patterns.find(model)
	return p != nil
}

// find returns the most specific pattern that matches a model's name, nil when there
// is none; the name that it matched, which may have the prefix of the provider that is
// known to serve the model; and the parts of the name in place of each *.
func (p *patterns) find(model string) (match *pattern, name string, parts []string) {
	names := []string{model}
	if provider := guessProvider(model); provider != "" {
		names = append(names, provider+"/"+model)
	}
	for _, name := range names {
		for _, candidate := range p.list {
			if parts := candidate.expression.FindStringSubmatch(name); parts != nil {
				return candidate, name, parts[1:]
			}
		}
	}
	return nil, "", nil
}

// resolve returns the deployments of a pattern for a model. name is the name that the
// pattern matched, with parts in place of its *.
func (p *patterns) resolve(match *pattern, model, name string, parts []string) (
	deployments []*Deployment, reason string) {
	for _, entry := range match.entries {
		top := p.top.Copy()
		section := top.File().Mapping([]any{"model_list", entry.index}, top.List("model_list")[entry.index])
		d := *entry.base
		d.Group, d.Model = model, fillPattern(d.Model, name, parts)
		readUpstream(&d, newUpstreamEntry(section, readCredentials(top)), providers{})
		switch warnings := top.File().Warnings; {
		case d.Base != nil || d.Mock != nil:
			d.ForwardRule = p.forward.ruleFor(&d, section)
			deployments = append(deployments, &d)
		case len(warnings) > 0:
			reason = warnings[len(warnings)-1].Message
		}
	}
	return deployments, reason
}

// fillPattern returns the model of an entry with the parts in place of its *. When the
// model has fewer * than there are parts, it returns the whole name, as LiteLLM does.
func fillPattern(model, name string, parts []string) string {
	switch count := strings.Count(model, "*"); {
	case count == 0:
		return model
	case count < len(parts):
		return name
	}
	for _, part := range parts {
		model = strings.Replace(model, "*", part, 1)
	}
	return model
}

// infersProvider reports whether only the name that a client asks for tells which
// provider serves the entry, since the entry's own model is *.
func infersProvider(d *Deployment, params document.Section) bool {
	prefix, name, _ := splitModel(d.Model, params)
	return isPattern(d.Group) && strings.HasPrefix(name, "*") && prefix == "" &&
		!params.Has("api_base") && !params.Has("base_url") && !params.Has("litellm_credential_name")
}
