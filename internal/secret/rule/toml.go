package rule

import (
	"errors"
	"fmt"
	"regexp"
	"regexp/syntax"
	"strings"

	"github.com/pelletier/go-toml/v2"
)

// document is a rule file in gitleaks' format:
// https://github.com/gitleaks/gitleaks#configuration
type document struct {
	Extend struct {
		Path          string   `toml:"path"`
		UseDefault    bool     `toml:"useDefault"`
		DisabledRules []string `toml:"disabledRules"`
	} `toml:"extend"`
	Rules      []ruleTable  `toml:"rules"`
	Allowlist  *allowTable  `toml:"allowlist"`
	Allowlists []allowTable `toml:"allowlists"`
}

// ruleTable is one [[rules]] table.
type ruleTable struct {
	ID          string       `toml:"id"`
	Description string       `toml:"description"`
	Path        string       `toml:"path"`
	Regex       string       `toml:"regex"`
	SecretGroup int          `toml:"secretGroup"`
	Entropy     float64      `toml:"entropy"`
	Keywords    []string     `toml:"keywords"`
	Allowlist   *allowTable  `toml:"allowlist"`
	Allowlists  []allowTable `toml:"allowlists"`
	SkipReport  bool         `toml:"skipReport"`
	Required    []struct {
		ID            string `toml:"id"`
		WithinLines   *int   `toml:"withinLines"`
		WithinColumns *int   `toml:"withinColumns"`
	} `toml:"required"`
}

// allowTable is one [[allowlists]] table.
type allowTable struct {
	TargetRules []string `toml:"targetRules"`
	Condition   string   `toml:"condition"`
	Commits     []string `toml:"commits"`
	Paths       []string `toml:"paths"`
	RegexTarget string   `toml:"regexTarget"`
	Regexes     []string `toml:"regexes"`
	StopWords   []string `toml:"stopwords"`
}

// maxExtendDepth is how many levels of rule files may extend one another, as in
// gitleaks.
const maxExtendDepth = 2

// parse reads the text of a rule file into a Set. It calls seen with every text that
// the Set is made of.
func parse(text, folder string, depth int, seen func(string)) (*Set, error) {
	seen(text)
	var doc document
	if err := toml.Unmarshal([]byte(text), &doc); err != nil {
		return nil, withPosition(err)
	}
	s := &Set{}
	for _, t := range doc.Rules {
		r, err := t.toRule()
		if err != nil {
			return nil, fmt.Errorf("rule %q: %w", t.ID, err)
		}
		s.Rules = append(s.Rules, r)
	}
	targeted, err := s.parseAllowlists(doc)
	if err != nil {
		return nil, err
	}
	if err := s.applyExtend(doc, folder, depth, seen); err != nil {
		return nil, err
	}
	return s, s.resolveReferences(targeted, depth)
}

// withPosition adds line and column to an error of the TOML parser.
func withPosition(err error) error {
	var at *toml.DecodeError
	if errors.As(err, &at) {
		row, column := at.Position()
		return fmt.Errorf("line %d, column %d: %w", row, column, err)
	}
	return err
}

// applyExtend merges the rules that the file's [extend] table names.
func (s *Set) applyExtend(doc document, folder string, depth int, seen func(string)) error {
	text := Gitleaks
	switch {
	case depth >= maxExtendDepth || !doc.Extend.UseDefault && doc.Extend.Path == "":
		return nil
	case doc.Extend.UseDefault && doc.Extend.Path != "":
		return errors.New("extend has both useDefault and path; it can have one")
	case doc.Extend.Path != "":
		var err error
		if text, err = readExtension(folder, doc.Extend.Path); err != nil {
			return fmt.Errorf("extend.path: %w", err)
		}
	}
	base, err := parse(text, folder, depth+1, seen)
	if err != nil {
		return fmt.Errorf("extended rules: %w", err)
	}
	s.merge(base, doc.Extend.DisabledRules)
	return nil
}

// parseAllowlists adds the allowlists for all rules to s, and returns those for single
// rules by the rule's ID.
func (s *Set) parseAllowlists(doc document) (map[string][]*Allowlist, error) {
	if doc.Allowlist != nil {
		doc.Allowlists = append(doc.Allowlists, *doc.Allowlist)
	}
	targeted := map[string][]*Allowlist{}
	for _, t := range doc.Allowlists {
		a, err := t.toAllowlist()
		if err != nil {
			return nil, fmt.Errorf("allowlist: %w", err)
		}
		if len(t.TargetRules) == 0 {
			s.Allow = append(s.Allow, a)
		}
		for _, id := range t.TargetRules {
			targeted[id] = append(targeted[id], a)
		}
	}
	return targeted, nil
}

// resolveReferences adds the targeted allowlists to their rules, and checks that every
// rule is complete and every referenced rule exists. Only the outermost file is
// checked.
func (s *Set) resolveReferences(targeted map[string][]*Allowlist, depth int) error {
	if depth > 0 {
		return nil
	}
	ids := map[string]bool{}
	for i, r := range s.Rules {
		ids[r.ID] = true
		s.Rules[i].Allow = append(r.Allow, targeted[r.ID]...)
		if r.Expr == "" && r.Path == nil {
			return fmt.Errorf("rule %q has neither regex nor path", r.ID)
		}
	}
	for id := range targeted {
		if !ids[id] {
			return fmt.Errorf("an allowlist is for the rule %q, which does not exist", id)
		}
	}
	for _, r := range s.Rules {
		for _, needed := range r.Required {
			if !ids[needed.ID] {
				return fmt.Errorf("rule %q requires the rule %q, which does not exist", r.ID, needed.ID)
			}
		}
	}
	return nil
}

// toRule checks a table and returns its Rule.
func (t ruleTable) toRule() (Rule, error) {
	r := Rule{
		ID: t.ID, Description: t.Description, Expr: t.Regex, Group: t.SecretGroup, Entropy: t.Entropy,
		Keywords: t.Keywords, SkipReport: t.SkipReport,
	}
	if strings.TrimSpace(t.ID) == "" {
		return r, errors.New("it has no id")
	}
	for _, q := range t.Required {
		r.Required = append(r.Required, Required{q.ID, q.WithinLines, q.WithinColumns})
	}
	if t.Allowlist != nil {
		t.Allowlists = append(t.Allowlists, *t.Allowlist)
	}
	for _, a := range t.Allowlists {
		made, err := a.toAllowlist()
		if err != nil {
			return r, err
		}
		r.Allow = append(r.Allow, made)
	}
	if t.Regex != "" {
		tree, err := syntax.Parse(t.Regex, syntax.Perl)
		if err != nil {
			return r, err
		}
		if t.SecretGroup < 0 || t.SecretGroup > tree.MaxCap() {
			return r, fmt.Errorf("secretGroup is %d, and the regex has %d groups", t.SecretGroup, tree.MaxCap())
		}
	}
	var err error
	if t.Path != "" {
		r.Path, err = regexp.Compile(t.Path)
	}
	return r, err
}

// toAllowlist checks a table and returns its Allowlist.
func (t allowTable) toAllowlist() (*Allowlist, error) {
	a := &Allowlist{Target: t.RegexTarget, Paths: t.Paths, Regexes: t.Regexes, Commits: map[string]bool{}}
	switch strings.ToUpper(t.Condition) {
	case "AND", "&&":
		a.And = true
	case "", "OR", "||":
	default:
		return nil, fmt.Errorf("condition %q is neither \"and\" nor \"or\"", t.Condition)
	}
	switch t.RegexTarget {
	case "secret":
		a.Target = ""
	case "", "match", "line":
	default:
		return nil, fmt.Errorf("regexTarget %q is not secret, match or line", t.RegexTarget)
	}
	for _, c := range t.Commits {
		a.Commits[strings.ToLower(strings.TrimSpace(c))] = true
	}
	for _, w := range t.StopWords {
		a.StopWords = append(a.StopWords, strings.ToLower(w))
	}
	return a, a.compile()
}
