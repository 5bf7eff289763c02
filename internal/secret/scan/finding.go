package scan

import (
	"cmp"
	"fmt"
	"index/suffixarray"
	"math"
	"slices"
	"strings"

	"github.com/flowgate-go/flowgate/internal/secret/decode"
	"github.com/flowgate-go/flowgate/internal/secret/rule"
)

// Finding is one secret found. It shows nothing of the secret but Preview.
type Finding struct {
	Rule        string `json:"rule"`
	Description string `json:"description"`
	File        string `json:"file"`
	Line        int    `json:"line"` // from 1; 0 when the file's name is the finding
	EndLine     int    `json:"end_line,omitempty"`
	Column      int    `json:"column,omitempty"` // in characters, from 1
	EndColumn   int    `json:"end_column,omitempty"`
	Commit      string `json:"commit,omitempty"`
	Date        string `json:"date,omitempty"` // author date, RFC 3339
	Fingerprint string `json:"fingerprint"`    // as gitleaks writes it
	Preview     string `json:"preview"`
	Baseline    bool   `json:"baseline"` // known from the baseline, so no failure

	secret     string
	byteColumn int
	at         decode.Extent // its place in the fragment's text
}

// minPreviewLength is the length in characters from which a preview shows two
// characters at each end.
const minPreviewLength = 16

// preview returns what may be shown of a secret.
func preview(secret string) string {
	r := []rune(secret)
	if len(r) < minPreviewLength || strings.ContainsRune(secret, '\n') {
		return ""
	}
	return string(r[:2]) + "…" + string(r[len(r)-2:])
}

// newFinding returns a finding of r in the file of f, without a place.
func newFinding(f Fragment, r *rule.Rule) Finding {
	n := Finding{Rule: r.ID, Description: r.Description, File: f.Path, Commit: f.Commit, Date: f.Date}
	return n.withFingerprint()
}

// withFingerprint returns n with the fingerprint of its place.
func (n Finding) withFingerprint() Finding {
	n.Fingerprint = fmt.Sprintf("%s:%s:%d", n.File, n.Rule, n.Line)
	if n.Commit != "" {
		n.Fingerprint = n.Commit + ":" + n.Fingerprint
	}
	return n
}

// withPlace returns n with its place in the fragment. at is the range from the first to
// the last byte that is not a line break.
func (n Finding) withPlace(f Fragment, lines *lineIndex, loc location, at decode.Extent, secret string) Finding {
	n.Line, n.EndLine = f.Line+loc.line, f.Line+loc.endLine
	end := at.End
	for end > at.Start && f.Text[end-1] == '\r' {
		end--
	}
	n.Column, n.EndColumn = lines.startColumn(at.Start), lines.column(end)
	if n.Line == f.Line {
		n.Column += f.Column
	}
	if n.EndLine == f.Line {
		n.EndColumn += f.Column
	}
	n.Preview, n.secret, n.byteColumn, n.at = preview(secret), secret, loc.column, at
	return n.withFingerprint()
}

// dropGeneric returns the findings in order, without what a generic rule found in a line
// where a specific rule found it too.
func dropGeneric(found []Finding) []Finding {
	specificByLine := map[int]*secrets{}
	for _, n := range found {
		if !isGeneric(n) {
			if specificByLine[n.Line] == nil {
				specificByLine[n.Line] = &secrets{}
			}
			specificByLine[n.Line].add(n.secret)
		}
	}
	kept := found[:0:0]
	for _, n := range found {
		if !isGeneric(n) || !specificByLine[n.Line].contains(n.secret) {
			kept = append(kept, n)
		}
	}
	slices.SortStableFunc(kept, compare)
	return kept
}

// secrets holds the secrets that specific rules found on one line.
type secrets struct {
	all   []string
	index *suffixarray.Index // index of all, made when there are many
}

// indexThreshold is the number of secrets up to which they are compared one by one.
const indexThreshold = 64

// add adds a secret.
func (s *secrets) add(secret string) { s.all = append(s.all, secret) }

// contains reports whether one of the secrets contains text.
func (s *secrets) contains(text string) bool {
	if s == nil {
		return false
	}
	contains := func(secret string) bool { return strings.Contains(secret, text) }
	if len(s.all) <= indexThreshold || strings.IndexByte(text, 0) >= 0 {
		return slices.ContainsFunc(s.all, contains)
	}
	if s.index == nil {
		s.index = suffixarray.New([]byte(strings.Join(s.all, "\x00")))
	}
	return len(s.index.Lookup([]byte(text), 1)) > 0
}

// isGeneric reports whether a generic rule made the finding.
func isGeneric(n Finding) bool { return strings.Contains(strings.ToLower(n.Rule), "generic") }

// compare orders findings by place.
func compare(a, b Finding) int {
	return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column),
		cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.Commit, b.Commit))
}

// entropy returns the Shannon entropy of s in bits per byte, as gitleaks computes it.
func entropy(s string) (bits float64) {
	counts := map[rune]int{}
	for _, r := range s {
		counts[r]++
	}
	for _, n := range counts {
		p := float64(n) / float64(len(s))
		bits -= p * math.Log2(p)
	}
	return bits
}
