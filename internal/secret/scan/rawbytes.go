package scan

import (
	"slices"
)

// rawSearcher searches the bytes of a file that is decoded; see textfile.Recorder.
type rawSearcher struct {
	seam *fileSearcher
	at   Fragment // the place of the next bytes
	seen map[secretKey]bool
}

// secretKey identifies a secret that a rule found, wherever it is.
type secretKey struct{ rule, secret string }

// search returns what is found in the bytes of f, without what was found in the decoded
// text.
func (m *rawSearcher) search(parent *fileSearcher, f Fragment, decoded []Finding) []Finding {
	if m.seam == nil {
		m.seam, m.seen = &fileSearcher{w: parent.w, rules: parent.rules}, map[secretKey]bool{}
		m.at = Fragment{Path: f.Path, Commit: f.Commit, Date: f.Date, Line: 1}
	}
	for _, n := range decoded {
		m.seen[secretKey{n.Rule, n.secret}] = true
	}
	m.at.Text = f.bytes
	found := m.seam.search(m.at)
	m.at = m.at.next()
	return slices.DeleteFunc(found, func(n Finding) bool { return m.seen[secretKey{n.Rule, n.secret}] })
}
