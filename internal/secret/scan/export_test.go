package scan

import "bytes"

// For tests: comparison with gitleaks, and fuzzing.
var (
	Binary        = binary
	Fragments     = fragments
	ParseBaseline = parseBaseline
	ParseIgnore   = parseIgnore
	ParseEntry    = parseEntry
)

// Heads are the beginning of a file of each kind that is no text, with fill
// in every place that does not tell the kind.
func Heads(fill byte) (all [][]byte) {
	for _, k := range kinds {
		head := bytes.Repeat([]byte{fill}, 40_000)
		copy(head[k.at:], k.magic)
		all = append(all, head)
	}
	return all
}

// Search is search with every rule.
func (w *Worker) Search(f Fragment) []Finding { return w.search(f, everyRule) }

// Characters are the bytes that begin a character.
func Characters(text string) []struct{} { return make([]struct{}, characters(text)) }
