// Package scan finds secrets in texts as gitleaks does: the same rules on the same
// fragments of text give the same findings. New compiles a rule.Set; each goroutine
// takes a Worker from it and gives it fragments. Tree and History (tree.go, history.go)
// scan a folder and a repository's commits, and remember what they saw.
//
// A secret leaves this package only as a preview of at most four characters: findings
// hold the secret in unexported fields, which is why the scans of trees and of
// histories are not packages of their own, and this package has more than 700 lines.
package scan

import (
	"cmp"
	"slices"
	"strings"

	"github.com/flowgate-go/flowgate/internal/secret/decode"
	"github.com/flowgate-go/flowgate/internal/secret/match"
	"github.com/flowgate-go/flowgate/internal/secret/repo"
	"github.com/flowgate-go/flowgate/internal/secret/rule"
)

// Fragment is a piece of text with its place.
type Fragment struct {
	Path   string // with slashes, relative to the scanned folder
	Commit string // empty when it is not from a commit
	Date   string // author date of the commit, RFC 3339, UTC
	Line   int    // of the first line of Text, counted from 1; 0 in a text without lines
	Column int    // number of characters before Text in its first line
	Text   string

	bytes string // the next bytes of a decoded file, without zero bytes
}

// Scanner is a compiled set of rules, safe for concurrent use.
type Scanner struct {
	rules    *rule.Set
	set      *match.Set
	content  []int // rule of each pattern of set
	pathOnly []int
	outside  [scopeCount][]bool // by scope and pattern: the rule is outside that scope
	hasKnown bool
}

// scope says which rules apply.
type scope int

const (
	everyRule    scope = iota // all rules, as in gitleaks
	severalLines              // rules whose matches may contain line breaks, or that require other rules nearby
	specific                  // rules that are not generic
	knownOnly                 // values that are secrets of this installation
	scopeCount                // the number of scopes
)

// New compiles the rules.
func New(rules *rule.Set) (*Scanner, error) {
	s := &Scanner{rules: rules}
	var patterns []match.Pattern
	for i, r := range rules.Rules {
		s.hasKnown = s.hasKnown || r.Known
		if r.Expr == "" {
			s.pathOnly = append(s.pathOnly, i)
			continue
		}
		patterns = append(patterns, match.Pattern{Expr: r.Expr, Keywords: r.Keywords})
		s.content = append(s.content, i)
	}
	var err error
	if s.set, err = match.New(patterns); err == nil {
		s.arrangeScopes()
	}
	return s, err
}

// arrangeScopes computes which rules belong to which scope, and watches the rules whose
// matches can be longer than the lines around a change.
func (s *Scanner) arrangeScopes() {
	needed := map[string]bool{}
	for _, r := range s.rules.Rules {
		for _, q := range r.Required {
			needed[q.ID] = true
		}
	}
	for pattern, i := range s.content {
		r, breaks := &s.rules.Rules[i], s.set.LineBreaks(pattern)
		isLong := breaks > repo.Context
		for _, q := range r.Required {
			isLong = isLong || q.WithinLines == nil || *q.WithinLines > repo.Context
		}
		if isLong {
			s.set.Watch(pattern)
		}
		s.outside[severalLines] = append(s.outside[severalLines], breaks == 0 && len(r.Required) == 0 && !needed[r.ID])
		s.outside[specific] = append(s.outside[specific], isGeneric(Finding{Rule: r.ID}))
		s.outside[knownOnly] = append(s.outside[knownOnly], !r.Known)
	}
}

// Worker scans for one goroutine.
type Worker struct {
	s     *Scanner
	m     *match.Matcher
	place placeVerdict
	lines map[*rule.Allowlist]lineVerdict
	far   bool // a fragment had a part of a match that may be longer than its lines
}

// lineVerdict is the result of an allowlist for the line that it saw last: a line of a
// minified file may have thousands of findings.
type lineVerdict struct {
	line    string
	matches bool
}

// placeVerdict is what the path and the commit of a fragment decide. Only the last is
// kept, since the fragments of a file follow one another.
type placeVerdict struct {
	path, commit string
	known, skip  bool
	off          []bool // by pattern: the rule does not apply there
}

// Worker returns a new Worker.
func (s *Scanner) Worker() *Worker {
	return &Worker{s: s, m: s.set.Matcher(), lines: map[*rule.Allowlist]lineVerdict{}}
}

// maxDecodings is how often a text is decoded and searched again: gitleaks' default.
const maxDecodings = 5

// Scan returns what the rules find in f, in the order of lines.
func (w *Worker) Scan(f Fragment) []Finding { return w.scan(f, everyRule) }

// scan does what Scan does, with the rules of a scope.
func (w *Worker) scan(f Fragment, rules scope) []Finding {
	w.enterPlace(f)
	if w.place.skip && !w.s.hasKnown {
		return nil
	}
	var found []Finding
	if rules == everyRule && !w.place.skip {
		found = w.searchPath(f)
	}
	if isEmpty(f.Text) {
		return found
	}
	lines := &lineIndex{text: f.Text}
	text, ok := decode.New(f.Text), true
	for n := 0; ok && n <= maxDecodings; n++ {
		found = append(found, w.searchText(f, text, lines, rules)...)
		text, ok = text.Next()
	}
	w.far = w.m.Watched() || w.far
	return dropGeneric(found)
}

// enterPlace computes the placeVerdict of f.
func (w *Worker) enterPlace(f Fragment) {
	if w.place.known && w.place.path == f.Path && w.place.commit == f.Commit {
		return
	}
	w.place = placeVerdict{path: f.Path, commit: f.Commit, known: true, off: make([]bool, len(w.s.content))}
	w.place.skip = w.s.IsExcluded(f.Path, f.Commit)
	for i, n := range w.s.content {
		r := &w.s.rules.Rules[n]
		w.place.off[i] = !r.Known && (w.place.skip || r.Path != nil && !r.Path.MatchString(f.Path) ||
			isExcluded(r.Allow, f.Path, f.Commit))
	}
}

// IsExcluded reports whether a file of a commit is searched for known secrets only.
func (s *Scanner) IsExcluded(path, commit string) bool {
	return path != "" && (path == s.rules.Path || path == s.rules.Baseline) || isExcluded(s.rules.Allow, path, commit)
}

// isExcluded reports whether an allowlist excludes the file of that commit.
func isExcluded(allow []*rule.Allowlist, path, commit string) bool {
	return (path != "" || commit != "") && slices.ContainsFunc(allow,
		func(a *rule.Allowlist) bool { return a.Excludes(path, commit) })
}

// searchPath applies the rules that match the path only.
func (w *Worker) searchPath(f Fragment) (found []Finding) {
	for _, i := range w.s.pathOnly {
		r := &w.s.rules.Rules[i]
		if !r.SkipReport && r.Path.MatchString(f.Path) && !isExcluded(r.Allow, f.Path, f.Commit) {
			found = append(found, newFinding(f, r))
		}
	}
	return found
}

// searchText searches one text: the fragment's own, or one with encoded pieces decoded.
func (w *Worker) searchText(f Fragment, text *decode.Text, lines *lineIndex, rules scope) (found []Finding) {
	outside := w.s.outside[rules]
	hits := w.m.Find(text.String(), func(pattern int) bool {
		return w.place.off[pattern] || outside != nil && outside[pattern]
	})
	for _, h := range hits {
		r := &w.s.rules.Rules[w.s.content[h.Pattern]]
		if r.SkipReport {
			continue
		}
		kept := w.judgeMatches(f, text, lines, h)
		if len(r.Required) > 0 && len(kept) > 0 {
			kept = w.keepWithRequired(f, text, lines, r, kept, hits)
		}
		found = append(found, kept...)
	}
	return found
}

// judgeMatches returns the matches of one rule as findings, without the matches that
// allowlists or the entropy exclude.
func (w *Worker) judgeMatches(f Fragment, text *decode.Text, lines *lineIndex, h match.Hit) (found []Finding) {
	r, re := &w.s.rules.Rules[w.s.content[h.Pattern]], w.s.set.Regexp(h.Pattern)
	for _, span := range h.Spans {
		m, ok := text.Locate(decode.Extent{Start: span[0], End: span[1]})
		if !ok {
			continue // an earlier pass found it
		}
		loc := lines.locate(m.At)
		line := f.Text[loc.from:max(loc.to, m.At.End)]
		if w.hasAllowComment(line) {
			continue
		}
		secret, ok := selectSecret(re.FindStringSubmatch(m.Text), r.Group, m.Text)
		if !ok || r.Entropy != 0 && entropy(secret) <= r.Entropy {
			continue
		}
		allows := func(a *rule.Allowlist) bool {
			return a.Allows(f.Path, f.Commit, secret, w.matchesAllowlist(a, secret, m.Text, cmp.Or(m.Line, line)))
		}
		if !r.Known && (slices.ContainsFunc(w.s.rules.Allow, allows) || slices.ContainsFunc(r.Allow, allows)) {
			continue
		}
		found = append(found, newFinding(f, r).withPlace(f, lines, loc, m.Shown, secret))
	}
	return found
}

// matchesAllowlist returns the result of a.Matches, which it calls once for a line.
func (w *Worker) matchesAllowlist(a *rule.Allowlist, secret, matched, line string) bool {
	if !a.TargetsLine() {
		return a.Matches(secret, matched, line)
	}
	if v, ok := w.lines[a]; ok && v.line == line {
		return v.matches
	}
	v := lineVerdict{line, a.Matches(secret, matched, line)}
	w.lines[a] = v
	return v.matches
}

// hasAllowComment reports whether a line has allowComment.
func (w *Worker) hasAllowComment(line string) bool {
	if v, ok := w.lines[nil]; ok && v.line == line {
		return v.matches
	}
	v := lineVerdict{line, strings.Contains(line, allowComment)}
	w.lines[nil] = v
	return v.matches
}

// allowComment is gitleaks' comment for a line with a secret that may stay there.
const allowComment = "gitleaks:allow"

// selectSecret returns the secret in a match: the group that the rule names, or the
// first that is not empty.
func selectSecret(groups []string, n int, matched string) (string, bool) {
	switch {
	case len(groups) < 2:
		return matched, true
	case n > 0:
		if n >= len(groups) {
			return "", false
		}
		return groups[n], true
	}
	for _, g := range groups[1:] {
		if g != "" {
			return g, true
		}
	}
	return matched, true
}

// keepWithRequired returns the findings that have one of each rule in r.Required
// nearby.
func (w *Worker) keepWithRequired(f Fragment, text *decode.Text, lines *lineIndex, r *rule.Rule, found []Finding,
	hits []match.Hit) []Finding {
	beside := map[string]neighbours{}
	for _, h := range hits {
		id := w.s.rules.Rules[w.s.content[h.Pattern]].ID
		if slices.ContainsFunc(r.Required, func(q rule.Required) bool { return q.ID == id }) {
			beside[id] = beside[id].add(w.judgeMatches(f, text, lines, h))
		}
	}
	return slices.DeleteFunc(found, func(p Finding) bool {
		return slices.ContainsFunc(r.Required, func(q rule.Required) bool { return !beside[q.ID].hasNear(p, q) })
	})
}

// neighbours holds the columns, in bytes, of what another rule found, by line.
type neighbours map[int][]int

// add adds the places of findings.
func (n neighbours) add(found []Finding) neighbours {
	if n == nil {
		n = neighbours{}
	}
	for _, o := range found {
		n[o.Line] = append(n[o.Line], o.byteColumn)
	}
	for _, columns := range n {
		slices.Sort(columns)
	}
	return n
}

// hasNear reports whether one of the places is as near to p as q requires.
func (n neighbours) hasNear(p Finding, q rule.Required) bool {
	if q.WithinLines != nil && *q.WithinLines < len(n) {
		for line := p.Line - *q.WithinLines; line <= p.Line+*q.WithinLines; line++ {
			if isNear(n[line], p, q) {
				return true
			}
		}
		return false
	}
	for line, columns := range n {
		if (q.WithinLines == nil || max(line-p.Line, p.Line-line) <= *q.WithinLines) && isNear(columns, p, q) {
			return true
		}
	}
	return false
}

// isNear reports whether one of the columns of a line is as near to p as q requires.
func isNear(columns []int, p Finding, q rule.Required) bool {
	if q.WithinColumns == nil {
		return len(columns) > 0
	}
	at, _ := slices.BinarySearch(columns, p.byteColumn-*q.WithinColumns)
	return at < len(columns) && columns[at] <= p.byteColumn+*q.WithinColumns
}
