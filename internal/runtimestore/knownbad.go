package runtimestore

import (
	_ "embed"
	"encoding/json"
	"slices"
	"strings"
)

// BadVersion says why some versions of a runtime must not run.
type BadVersion struct {
	Runtime  string   `json:"runtime"`
	Versions []string `json:"versions"`
	Why      string   `json:"why"`    // one line for people
	Source   string   `json:"source"` // the advisories
}

// knownBad is the list of bad versions as JSON, so that a new entry needs no code. The two
// versions of LiteLLM are from PyPI's advisory PYSEC-2026-2 (pypa/advisory-database,
// vulns/litellm/PYSEC-2026-2.yaml).
//
//go:embed known_bad.json
var knownBad []byte

// FindBadVersion reports whether a version of a runtime is known to be bad, and why.
// A leading v and what follows a + in the version do not matter.
func FindBadVersion(runtime, version string) (BadVersion, bool) {
	version, _, _ = strings.Cut(strings.TrimPrefix(version, "v"), "+")
	for _, b := range ListBadVersions() {
		if b.Runtime == runtime && slices.Contains(b.Versions, version) {
			return b, true
		}
	}
	return BadVersion{}, false
}

// ListBadVersions returns all versions that are known to be bad.
func ListBadVersions() []BadVersion {
	var list []BadVersion
	if err := json.Unmarshal(knownBad, &list); err != nil {
		panic("known_bad.json: " + err.Error()) // the file is part of the program, and a test reads it
	}
	return list
}
