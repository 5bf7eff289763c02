package scan

// For tests: fuzzing.
var (
	Fragments  = readFragments
	ParseEntry = parseEntry
)

// Search is search with every rule.
func (w *Worker) Search(f Fragment) []Finding { return w.search(f, everyRule) }

// Characters are the bytes that begin a character.
func Characters(text string) []struct{} { return make([]struct{}, countRunes(text)) }
