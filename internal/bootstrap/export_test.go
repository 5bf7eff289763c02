package bootstrap

// Parsers of what others write, for fuzzing.
var (
	Checksum      = checksum
	LatestIn      = latestIn
	VersionInName = versionInName
)
