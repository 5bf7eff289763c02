// Package release makes a release of FlowGate from its source tree: Build makes the
// archives with their digests and bills of materials, ReadNotes returns what has
// changed. It never tags, pushes or publishes anything.
package release

import (
	"os"
	"strings"

	"github.com/flowgate-go/flowgate/internal/fault"
)

// ReleaseNotes is what CHANGELOG.md says about one version.
type ReleaseNotes struct {
	Version string `json:"version"`
	Notes   string `json:"notes"` // Markdown
}

// ReadNotes reads a version's section of a changelog: from its "## " heading to the
// next one. Faults: changelog-missing, changelog-entry-missing.
func ReadNotes(file, version string) (ReleaseNotes, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return ReleaseNotes{}, fault.Usage("changelog-missing", "read the changelog: %w",
			err).WithHint("run it in a clone of the repository")
	}
	notes, found := FindSection(string(data), version)
	if !found {
		return ReleaseNotes{}, fault.New("changelog-entry-missing", "%s has no section \"## %s\", or nothing in it", file,
			version).
			WithHint("rename \"## Unreleased\" when the version is released")
	}
	return ReleaseNotes{version, notes}, nil
}

// FindSection returns the text below the heading of a version: "## 1.2.3", "## v1.2.3",
// "## [1.2.3] - 2026-01-02". found is false when there is none, or it is empty.
func FindSection(changelog, version string) (text string, found bool) {
	var lines []string
	inside := false
	for line := range strings.Lines(changelog) {
		if heading, ok := strings.CutPrefix(line, "## "); ok {
			if inside {
				break
			}
			word, _, _ := strings.Cut(strings.TrimSpace(heading), " ")
			inside = strings.TrimPrefix(strings.Trim(word, "[]"), "v") == strings.TrimPrefix(version, "v")
			continue
		}
		if inside {
			lines = append(lines, line)
		}
	}
	text = strings.TrimSpace(strings.Join(lines, ""))
	return text, text != ""
}
