// Package scan finds secrets in texts as gitleaks does: the same rules on the
// same fragments of text give the same findings. New compiles a rule.Set; each
// goroutine takes a Worker from it and gives it fragments. Tree and History
// (tree.go, history.go) scan a folder and a repository's commits, and remember
// what they saw.
//
// A secret leaves this package only as a preview of at most four characters.
package scan

import (
	"slices"
	"strings"

	"github.com/flowgate-go/flowgate/internal/match"
	"github.com/flowgate-go/flowgate/internal/rule"
)

// Fragment is a piece of text with its place.
type Fragment struct {
	Path   string // with slashes, relative to the scanned folder
	Commit string // empty: not from a commit
	Date   string // author date of the commit, RFC 3339, UTC
	Line   int    // of the first line of Text, counted from 1; 0 in a text without lines
	Text   string
}

// Scanner is a compiled set of rules, safe for concurrent use.
type Scanner struct {
	rules    *rule.Set
	set      *match.Set
	content  []int // rule of each pattern of set
	pathOnly []int
}

// New compiles the rules.
func New(rules *rule.Set) (*Scanner, error) {
	s := &Scanner{rules: rules}
	var patterns []match.Pattern
	for i, r := range rules.Rules {
		if r.Expr == "" {
			s.pathOnly = append(s.pathOnly, i)
			continue
		}
		patterns = append(patterns, match.Pattern{Expr: r.Expr, Keywords: r.Keywords})
		s.content = append(s.content, i)
	}
	var err error
	s.set, err = match.New(patterns)
	return s, err
}

// Worker scans for one goroutine.
type Worker struct {
	s     *Scanner
	m     *match.Matcher
	place place
}

// place is what the path and commit of a fragment alone decide; fragments of one
// file come one after the other, so only the last is kept.
type place struct {
	path, commit string
	known, skip  bool
	off          []bool // by pattern: this rule does not look there
}

// Worker returns a new Worker.
func (s *Scanner) Worker() *Worker { return &Worker{s: s, m: s.set.Matcher()} }

// depth is how often a text is decoded and searched again: gitleaks' default.
const depth = 5

// Scan returns what the rules find in f, in the order of lines.
func (w *Worker) Scan(f Fragment) []Finding {
	w.enter(f)
	if w.place.skip {
		return nil
	}
	found := w.byPath(f)
	text, segments := f.Text, []segment(nil)
	lines := newlines{text: f.Text}
	for range depth + 1 {
		found = append(found, w.pass(f, text, segments, &lines)...)
		if text, segments = decode(text, segments); len(segments) == 0 {
			break
		}
	}
	return arrange(found)
}

// enter decides what the rules' paths and allowlists say of the place of f.
func (w *Worker) enter(f Fragment) {
	if w.place.known && w.place.path == f.Path && w.place.commit == f.Commit {
		return
	}
	w.place = place{path: f.Path, commit: f.Commit, known: true, off: make([]bool, len(w.s.content))}
	w.place.skip = w.s.Skips(f.Path, f.Commit)
	for i, n := range w.s.content {
		r := &w.s.rules.Rules[n]
		w.place.off[i] = r.Path != nil && !r.Path.MatchString(f.Path) || skips(r.Allow, f.Path, f.Commit)
	}
}

// Skips reports whether the rules look at nothing in that file of that commit.
func (s *Scanner) Skips(path, commit string) bool {
	return path != "" && (path == s.rules.Path || path == s.rules.Baseline) || skips(s.rules.Allow, path, commit)
}

func skips(allow []*rule.Allow, path, commit string) bool {
	return (path != "" || commit != "") && slices.ContainsFunc(allow, func(a *rule.Allow) bool { return a.Skips(path, commit) })
}

// byPath applies the rules that look at the path alone.
func (w *Worker) byPath(f Fragment) (found []Finding) {
	for _, i := range w.s.pathOnly {
		r := &w.s.rules.Rules[i]
		if !r.SkipReport && r.Path.MatchString(f.Path) && !skips(r.Allow, f.Path, f.Commit) {
			found = append(found, newFinding(f, r))
		}
	}
	return found
}

// pass searches one text: the fragment's own, or one with segments decoded.
func (w *Worker) pass(f Fragment, text string, segments []segment, lines *newlines) (found []Finding) {
	hits := w.m.Find(text, func(pattern int) bool { return w.place.off[pattern] })
	for _, h := range hits {
		r := &w.s.rules.Rules[w.s.content[h.Pattern]]
		if r.SkipReport {
			continue
		}
		of := w.judge(f, text, segments, lines, h)
		if len(r.Required) > 0 && len(of) > 0 {
			of = w.withRequired(f, text, segments, lines, r, of, hits)
		}
		found = append(found, of...)
	}
	return found
}

// judge makes matches of one rule into findings, except those that are none.
func (w *Worker) judge(f Fragment, text string, segments []segment, lines *newlines, h match.Hit) (found []Finding) {
	r, re := &w.s.rules.Rules[w.s.content[h.Pattern]], w.s.set.Regexp(h.Pattern)
	for _, span := range h.Spans {
		at := extent{span[0], span[1]}
		matched := strings.Trim(text[at.start:at.end], "\n")
		decodedLine := ""
		if len(segments) > 0 {
			within := overlapping(segments, at)
			if len(within) == 0 {
				continue // an earlier pass has found it
			}
			at, decodedLine = toOriginal(within, at), lineOf(within, text)
		} else {
			at.end = at.start + len(matched) // a match may begin or end with line breaks
		}
		loc := lines.locate(at)
		line := f.Text[loc.from:max(loc.to, at.end)]
		if strings.Contains(line, allowComment) {
			continue
		}
		if decodedLine == "" {
			decodedLine = line
		}
		secret, ok := group(re.FindStringSubmatch(matched), r.Group, matched)
		if !ok || r.Entropy != 0 && entropy(secret) <= r.Entropy {
			continue
		}
		forgives := func(a *rule.Allow) bool { return a.Forgives(f.Path, f.Commit, secret, matched, decodedLine) }
		if slices.ContainsFunc(w.s.rules.Allow, forgives) || slices.ContainsFunc(r.Allow, forgives) {
			continue
		}
		found = append(found, newFinding(f, r).at(f, loc, at, secret))
	}
	return found
}

// allowComment on a line is gitleaks' mark for what is meant to be there.
const allowComment = "gitleaks:allow"

// group is the secret in a match: the group that the rule names, or the first
// that holds something.
func group(groups []string, n int, matched string) (string, bool) {
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

// withRequired keeps the findings that have one of each rule in r.Required nearby.
func (w *Worker) withRequired(f Fragment, text string, segments []segment, lines *newlines, r *rule.Rule, found []Finding, hits []match.Hit) []Finding {
	beside := map[string][]Finding{}
	for _, h := range hits {
		id := w.s.rules.Rules[w.s.content[h.Pattern]].ID
		if slices.ContainsFunc(r.Required, func(q rule.Required) bool { return q.ID == id }) {
			beside[id] = append(beside[id], w.judge(f, text, segments, lines, h)...)
		}
	}
	return slices.DeleteFunc(found, func(p Finding) bool {
		return slices.ContainsFunc(r.Required, func(q rule.Required) bool {
			return !slices.ContainsFunc(beside[q.ID], func(o Finding) bool { return near(p, o, q) })
		})
	})
}

func near(a, b Finding, q rule.Required) bool {
	return (q.WithinLines == nil || distance(a.Line, b.Line) <= *q.WithinLines) &&
		(q.WithinColumns == nil || distance(a.byteColumn, b.byteColumn) <= *q.WithinColumns)
}

func distance(a, b int) int { return max(a-b, b-a) }
