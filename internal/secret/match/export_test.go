package match

// Work returns how many bytes the tails and the expressions of m have read in all
// searches.
func (m *Matcher) Work() int {
	work := m.matched
	for _, tails := range m.tails {
		for _, t := range tails {
			if t != nil {
				work += t.steps
			}
		}
	}
	return work
}
