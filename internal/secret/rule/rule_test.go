package rule_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/flowgate-go/flowgate/internal/secret/rule"
)

func load(t *testing.T, text string) (*rule.Set, error) {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, rule.File), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return rule.Load(dir)
}

func TestRulesThatCannotBeUsedAreRefusedWithTheReason(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"[extend\n":                                                "line 1",
		"[extend]\nuseDefault = 3":                                 "line 2",
		"[[rules]]\nregex = 'a'":                                   "no id",
		"[[rules]]\nid = 'a'":                                      "neither regex nor path",
		"[[rules]]\nid = 'a'\nregex = '('":                         "missing closing",
		"[[rules]]\nid = 'a'\npath = '('":                          "missing closing",
		"[[rules]]\nid = 'a'\nregex='b'\nsecretGroup=2":            "has 0 groups",
		"[[rules]]\nid = 'a'\nregex = 'b'\n[[rules.allowlists]]\n": "must have commits",
		"[[rules]]\nid = 'a'\nregex = 'b'\n[[rules.allowlists]]\ncondition='x'\nregexes=['y']":    "neither \"and\" nor \"or\"",
		"[[rules]]\nid = 'a'\nregex = 'b'\n[[rules.allowlists]]\nregexTarget='x'\nregexes=['y']":  "not secret, match or line",
		"[[rules]]\nid = 'a'\nregex = 'b'\n[[rules.required]]\nid = 'none'":                       "which does not exist",
		"[[allowlists]]\ntargetRules = ['none']\nregexes = ['x']":                                 "which does not exist",
		"[extend]\nuseDefault = true\npath = 'x'":                                                 "it can have one",
		"[extend]\npath = 'nosuch.toml'":                                                          "no such file",
		"[extend]\npath = '.gitleaks.toml'\n[[rules]]\nid='a'\nregex='b'\n[[rules]]\nid='c'\n\n#": "neither regex nor path",
	} {
		if _, err := load(t, text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, not %q", text, err, want)
		}
	}
}

func TestAnotherSetOfRulesHasAnotherDigest(t *testing.T) {
	t.Parallel()
	seen := map[string]string{}
	note := func(name string, s *rule.Set, err error) {
		if err != nil {
			t.Fatal(err)
		}
		if other := seen[s.Digest]; other != "" {
			t.Errorf("%s and %s have one digest", name, other)
		}
		seen[s.Digest] = name
	}
	s, err := rule.Default()
	note("the default", s, err)
	s, err = load(t, "[extend]\nuseDefault = true\n")
	note("extended", s, err)
	s, err = rule.Default()
	if err == nil {
		s.AddKnown([]string{"a secret of ours"})
	}
	note("with a secret", s, err)
	s, err = rule.Default()
	if err == nil {
		s.AddKnown([]string{"another secret"})
	}
	note("with another", s, err)
	if again, err := rule.Default(); err != nil || seen[again.Digest] != "the default" {
		t.Error("the digest changes by itself")
	}
}

func FuzzRulesAreReadOrRefused(f *testing.F) {
	f.Add("[extend]\nuseDefault=true\n[[rules]]\nid='a'\nregex='b'\n[rules.allowlist]\nregexes=['c']")
	f.Add("[[allowlists]]\npaths=['(']")
	f.Fuzz(func(t *testing.T, text string) {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, rule.File), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if s, err := rule.Load(dir); (s == nil) != (err != nil) {
			t.Fatal(s, err)
		}
	})
}
