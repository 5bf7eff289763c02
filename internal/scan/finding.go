package scan

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/flowgate-go/flowgate/internal/rule"
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
}

// shown is the length from which a secret shows two characters at each end.
const shown = 16

// preview is what may be seen of a secret.
func preview(secret string) string {
	r := []rune(secret)
	if len(r) < shown || strings.ContainsRune(secret, '\n') {
		return ""
	}
	return string(r[:2]) + "…" + string(r[len(r)-2:])
}

func newFinding(f Fragment, r *rule.Rule) Finding {
	n := Finding{Rule: r.ID, Description: r.Description, File: f.Path, Commit: f.Commit, Date: f.Date}
	return n.fingerprinted()
}

func (n Finding) fingerprinted() Finding {
	n.Fingerprint = fmt.Sprintf("%s:%s:%d", n.File, n.Rule, n.Line)
	if n.Commit != "" {
		n.Fingerprint = n.Commit + ":" + n.Fingerprint
	}
	return n
}

// at returns n with its place in the fragment.
func (n Finding) at(f Fragment, loc location, found extent, secret string) Finding {
	n.Line, n.EndLine = f.Line+loc.line, f.Line+loc.endLine
	n.Column, n.EndColumn = column(f.Text, found.start), column(f.Text, found.end)
	n.Preview, n.secret, n.byteColumn = preview(secret), secret, loc.column
	return n.fingerprinted()
}

// column is the place of a byte in its line, in characters from 1. A match that
// begins with a line break counts as on the next line.
func column(text string, at int) int {
	if at < len(text) && text[at] == '\n' {
		at++
	}
	return utf8.RuneCountInString(text[strings.LastIndexByte(text[:at], '\n')+1:at]) + 1
}

// arrange drops what a generic rule found where a better one did, and sorts.
func arrange(found []Finding) []Finding {
	kept := slices.DeleteFunc(slices.Clone(found), func(n Finding) bool {
		return isGeneric(n) && slices.ContainsFunc(found, func(o Finding) bool {
			return n.Line == o.Line && n.Rule != o.Rule && !isGeneric(o) && strings.Contains(o.secret, n.secret)
		})
	})
	slices.SortStableFunc(kept, compare)
	return kept
}

func isGeneric(n Finding) bool { return strings.Contains(strings.ToLower(n.Rule), "generic") }

func compare(a, b Finding) int {
	return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column), cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.Commit, b.Commit))
}

// entropy is Shannon's, in bits a byte, as gitleaks computes it.
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
