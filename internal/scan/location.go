package scan

// extent is a half-open range of bytes.
type extent struct{ start, end int }

// location is where a match is, counted as gitleaks counts (detect/location.go
// there), oddities included: fingerprints and allowlists depend on it.
type location struct {
	line, endLine, column int
	from, to              int // bytes of the line, for allow comments
}

// newlines finds lines in a text; their ends are looked for when first needed.
type newlines struct {
	text string
	ends []int
}

func (n *newlines) locate(m extent) (loc location) {
	if n.ends == nil {
		for i := range len(n.text) {
			if n.text[i] == '\n' {
				n.ends = append(n.ends, i)
			}
		}
		if n.ends == nil {
			n.ends = []int{len(n.text)}
		}
	}
	previous, set := 0, false
	for i, end := range n.ends {
		if previous <= m.start && m.start < end {
			set = true
			loc = location{line: i, endLine: i, column: m.start - previous + 1, from: previous, to: end}
		}
		if previous < m.end && m.end <= end {
			loc.endLine, loc.to = i, end
		}
		previous = end
	}
	if !set {
		loc = location{line: len(n.ends), endLine: len(n.ends), column: m.start - previous + 1, from: loc.from, to: m.end}
		for loc.to < len(n.text) && n.text[loc.to] != '\n' && n.text[loc.to] != '\r' {
			loc.to++
		}
	}
	return loc
}
