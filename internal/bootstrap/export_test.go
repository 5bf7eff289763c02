package bootstrap

// Parsers of what others write, for fuzzing.
var (
	Checksum      = findChecksum
	LatestIn      = parseLatest
	VersionInName = parseArchiveVersion
)
