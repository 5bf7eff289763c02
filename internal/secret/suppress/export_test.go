package suppress

// For tests: fuzzing.
var (
	ParseBaseline = parseBaseline
	ParseIgnore   = parseIgnore
)
