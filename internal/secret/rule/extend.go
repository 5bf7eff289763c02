package rule

import (
	"path/filepath"
	"slices"

	"github.com/flowgate-go/flowgate/internal/safefile"
)

// merge adds the rules of o that are not disabled, and its allowlists. When both sets have
// a rule, what the rule of s sets counts.
func (s *Set) merge(o *Set, disabled []string) {
	at := map[string]int{}
	for i, r := range s.Rules {
		at[r.ID] = i
	}
	for _, base := range o.Rules {
		if slices.Contains(disabled, base.ID) {
			continue
		}
		i, known := at[base.ID]
		if !known {
			s.Rules = append(s.Rules, base)
			continue
		}
		s.Rules[i] = s.Rules[i].overlay(base)
	}
	s.Allow = append(s.Allow, o.Allow...)
}

// overlay returns base with what r sets itself, as gitleaks does for rules of the same
// ID.
func (r Rule) overlay(base Rule) Rule {
	if r.Description != "" {
		base.Description = r.Description
	}
	if r.Entropy != 0 {
		base.Entropy = r.Entropy
	}
	if r.Group != 0 {
		base.Group = r.Group
	}
	if r.Expr != "" {
		base.Expr = r.Expr
	}
	if r.Path != nil {
		base.Path = r.Path
	}
	base.Keywords = append(append([]string{}, base.Keywords...), r.Keywords...)
	base.Allow = append(append([]*Allowlist{}, base.Allow...), r.Allow...)
	return base
}

// readExtension reads the rule file that extend.path names.
func readExtension(folder, path string) (string, error) {
	if !filepath.IsAbs(path) {
		path = filepath.Join(folder, path)
	}
	b, err := safefile.Read(path, maxRuleBytes)
	return string(b), err
}
