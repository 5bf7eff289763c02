package rule

import (
	"errors"
	"regexp"
	"regexp/syntax"
	"strings"
	"sync"
)

// Allowlist is what is not counted as a secret.
type Allowlist struct {
	And       bool // all the criteria have to hold instead of one
	Target    string
	Commits   map[string]bool
	Paths     []string
	Regexes   []string
	StopWords []string

	paths, regexes func(text string) bool
}

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

// compileAny returns a matcher of any of the expressions. They are joined as gitleaks
// joins them, where an (?i) holds for all expressions behind it as well.
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

// Excludes reports whether nothing is looked for in that file of that commit.
func (a *Allowlist) Excludes(path, commit string) bool {
	inCommit, inPath := a.Commits[strings.ToLower(commit)], path != "" && a.paths(path)
	if !a.And {
		return inCommit || inPath
	}
	if len(a.Regexes)+len(a.StopWords) > 0 { // Forgives decides
		return false
	}
	return (len(a.Commits) == 0 || inCommit) && (len(a.Paths) == 0 || inPath)
}

// TargetsLine reports whether the expressions look at the line of what was found.
func (a *Allowlist) TargetsLine() bool { return a.Target == "line" }

// Matches reports whether one of the expressions matches what it looks at:
// the secret, the match that it is in, or the line.
func (a *Allowlist) Matches(secret, match, line string) bool {
	target := map[string]string{"": secret, "match": match, "line": line}[a.Target]
	return target != "" && a.regexes(target)
}

// Allows reports whether what was found is not counted. matches is what
// Matches returns.
func (a *Allowlist) Allows(path, commit, secret string, matches bool) bool {
	byWord := a.hasStopWord(secret)
	if !a.And {
		return matches || byWord
	}
	return (len(a.Commits) == 0 || a.Commits[strings.ToLower(commit)]) &&
		(len(a.Paths) == 0 || path != "" && a.paths(path)) &&
		(len(a.Regexes) == 0 || matches) && (len(a.StopWords) == 0 || byWord)
}

func (a *Allowlist) hasStopWord(secret string) bool {
	lower := strings.ToLower(secret)
	for _, w := range a.StopWords {
		if strings.Contains(lower, w) {
			return true
		}
	}
	return false
}
