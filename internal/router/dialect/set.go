package dialect

// Set is a set of dialects.
type Set uint32

// All is every dialect: what is assumed of an address of which nothing is known.
const All = Set(1<<Count - 1)

// SetOf returns the set of the given dialects.
func SetOf(all ...Dialect) (s Set) {
	for _, d := range all {
		s |= 1 << d
	}
	return s
}

// Has reports whether the dialect is in the set.
func (s Set) Has(d Dialect) bool { return s&(1<<d) != 0 }
