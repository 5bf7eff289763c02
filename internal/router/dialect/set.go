package dialect

// Set is a set of dialects.
type Set uint32

// All is the set of the dialects that clients speak, which is assumed for an address of unknown
// dialects.
const All = Set(1<<Count-1) &^ (1 << Converse)

// SetOf returns the set of the given dialects.
func SetOf(all ...Dialect) (s Set) {
	for _, d := range all {
		s |= 1 << d
	}
	return s
}

// Has reports whether the dialect is in the set.
func (s Set) Has(d Dialect) bool { return s&(1<<d) != 0 }
