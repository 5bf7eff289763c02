package scan

// For tests: comparison with gitleaks, and fuzzing.
var (
	Binary        = binary
	Fragments     = fragments
	ParseBaseline = parseBaseline
	ParseIgnore   = parseIgnore
	ParseEntry    = parseEntry
)

// Heads are the beginning of a file of each kind that is no text.
func Heads() (all [][]byte) {
	for _, k := range kinds {
		head := make([]byte, 40_000)
		copy(head[k.at:], k.magic)
		all = append(all, head)
	}
	return all
}
