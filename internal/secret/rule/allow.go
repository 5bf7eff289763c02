package rule

import (
	"errors"
	"regexp"
	"regexp/syntax"
	"strings"
	"sync"
)

// Allowlist says which matches of rules are not secrets.
type Allowlist struct {
	And       bool   // all criteria must hold; otherwise one is enough
	Target    string // what Regexes are matched with: "" for the secret, "match" or "line"
	Commits   map[string]bool
	Paths     []string
	Regexes   []string
	StopWords []string

	paths, regexes func(text string) bool
}

// compile checks the allowlist and prepares its expressions.
func (a *Allowlist) compile() (err error) {
	if len(a.Commits)+len(a.Paths)+len(a.Regexes)+len(a.StopWords) == 0 {
		return errors.New("an allowlist must have commits, paths, regexes or stopwords")
	}
	if a.paths, err = compileAny(a.Paths); err != nil {
		return err
	}
	a.regexes, err = compileAny(a.Regexes)
	return err
}

// compileAny returns a function that reports whether one of the expressions matches.
// They are joined as gitleaks joins them, where (?i) holds for all later expressions as
// well.
func compileAny(exprs []string) (func(text string) bool, error) {
	if len(exprs) == 0 {
		return func(string) bool { return false }, nil
	}
	joined := "(?:" + strings.Join(exprs, "|") + ")"
	if _, err := syntax.Parse(joined, syntax.Perl); err != nil {
		return nil, err
	}
	re := sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(joined) })
	return func(text string) bool { return re().MatchString(text) }, nil
}

// Excludes reports whether the file of that commit is not searched.
func (a *Allowlist) Excludes(path, commit string) bool {
	inCommit, inPath := a.Commits[strings.ToLower(commit)], path != "" && a.paths(path)
	if !a.And {
		return inCommit || inPath
	}
	if len(a.Regexes)+len(a.StopWords) > 0 { // Allows decides
		return false
	}
	return (len(a.Commits) == 0 || inCommit) && (len(a.Paths) == 0 || inPath)
}

// TargetsLine reports whether the expressions are matched with the line of a finding.
func (a *Allowlist) TargetsLine() bool { return a.Target == "line" }

// Matches reports whether one of the expressions matches its target: the secret, the
// rule's match around it, or the line.
func (a *Allowlist) Matches(secret, match, line string) bool {
	target := map[string]string{"": secret, "match": match, "line": line}[a.Target]
	return target != "" && a.regexes(target)
}

// Allows reports whether the allowlist says that a match is not a secret. matches is
// the result of Matches.
func (a *Allowlist) Allows(path, commit, secret string, matches bool) bool {
	byWord := a.hasStopWord(secret)
	if !a.And {
		return matches || byWord
	}
	return (len(a.Commits) == 0 || a.Commits[strings.ToLower(commit)]) &&
		(len(a.Paths) == 0 || path != "" && a.paths(path)) &&
		(len(a.Regexes) == 0 || matches) && (len(a.StopWords) == 0 || byWord)
}

// hasStopWord reports whether the secret contains a stop word.
func (a *Allowlist) hasStopWord(secret string) bool {
	lower := strings.ToLower(secret)
	for _, w := range a.StopWords {
		if strings.Contains(lower, w) {
			return true
		}
	}
	return false
}
