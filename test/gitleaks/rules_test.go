package gitleaks_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/viper"
	"github.com/zricethezav/gitleaks/v8/config"

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

func find(s *rule.Set, id string) (rule.Rule, bool) {
	i := slices.IndexFunc(s.Rules, func(r rule.Rule) bool { return r.ID == id })
	if i < 0 {
		return rule.Rule{}, false
	}
	return s.Rules[i], true
}

func TestTheRulesAreThoseOfTheGitleaksModule(t *testing.T) {
	t.Parallel()
	if rule.Gitleaks != config.DefaultConfig {
		t.Fatal("internal/secret/rule/gitleaks.toml is not the module's: copy it")
	}
}

// TestARepositorysRulesAreLaidOverTheOthersAsGitleaksDoesIt compares each rule
// with what the gitleaks module makes of the same file. It has state of its own
// between files, so that no other test here uses it.
func TestARepositorysRulesAreLaidOverTheOthersAsGitleaksDoesIt(t *testing.T) {
	t.Parallel()
	const text = `
[extend]
useDefault = true
disabledRules = ["jwt", "github-oauth"]
[[allowlists]]
paths = ['''^generated/''']
[[allowlists]]
targetRules = ["aws-access-token", "my-rule"]
condition = "AND"
paths = ['''\.txt$''']
stopwords = ["Dummy"]
[[rules]]
id = "my-rule"
description = "mine"
regex = '''my-([0-9a-f]{8})'''
keywords = ["MY-"]
tags = ["x"]
[[rules]]
id = "generic-api-key"
entropy = 4.5
keywords = ["more"]
[[rules]]
id = "github-pat"
regex = '''ghp_[0-9]{36}'''
[rules.allowlist]
commits = ["ABCDEF"]
`
	ours, err := load(t, text)
	if err != nil {
		t.Fatal(err)
	}
	theirs := translate(t, text)
	for id, want := range theirs.Rules {
		got, ok := find(ours, id)
		if !ok {
			t.Errorf("no rule %s", id)
			continue
		}
		expr := ""
		if want.Regex != nil {
			expr = want.Regex.String()
		}
		words := slices.Clone(got.Keywords)
		for i := range words {
			words[i] = strings.ToLower(words[i])
		}
		slices.Sort(words)
		slices.Sort(want.Keywords)
		if got.Expr != expr || got.Entropy != want.Entropy || got.Group != want.SecretGroup ||
			got.Description != want.Description ||
			!slices.Equal(words, want.Keywords) || len(got.Allow) != len(want.Allowlists) ||
			(got.Path == nil) != (want.Path == nil) {
			t.Errorf("%s is\n%+v\nand gitleaks' is\n%+v", id, got, want)
		}
	}
	for _, id := range []string{"jwt", "github-oauth"} {
		if _, there := find(ours, id); there {
			t.Errorf("%s is disabled and there", id)
		}
	}
	if len(ours.Allow) != len(theirs.Allowlists) {
		t.Errorf("%d allowlists, gitleaks has %d", len(ours.Allow), len(theirs.Allowlists))
	}
	if _, there := find(ours, "flowgate-key"); !there {
		t.Error("FlowGate's own rules are gone")
	}
}

func translate(t *testing.T, text string) config.Config {
	t.Helper()
	viper.SetConfigType("toml")
	if err := viper.ReadConfig(strings.NewReader(text)); err != nil {
		t.Fatal(err)
	}
	var raw config.ViperConfig
	if err := viper.Unmarshal(&raw); err != nil {
		t.Fatal(err)
	}
	c, err := raw.Translate()
	if err != nil {
		t.Fatal(err)
	}
	return c
}
