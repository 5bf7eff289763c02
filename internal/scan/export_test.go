package scan

// For tests: comparison with gitleaks, and fuzzing.
var (
	Fragments     = fragments
	ParseBaseline = parseBaseline
	ParseIgnore   = parseIgnore
	ParseEntry    = parseEntry
)
