// Package release makes a release of FlowGate from its source tree: Build makes the
// archives with their digests and bills of materials, ReadNotes returns the notes of
// one version. It never tags, pushes or publishes anything.
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

// ReadNotes returns a version's section of a changelog: the text from its "## " heading to
// the next one. Faults: changelog-missing, changelog-entry-missing.
func ReadNotes(file, version string) (ReleaseNotes, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return ReleaseNotes{}, fault.Usage("changelog-missing", "read the changelog: %w",
			err).WithHint("run it in a clone of the repository")
	}
	notes, found := FindSection(string(data), version)
	if !found {
		return ReleaseNotes{}, fault.New("changelog-entry-missing", "%s has no section \"## %s\", or it is empty", file,
			version).
			WithHint("rename \"## Unreleased\" when the version is released")
	}
	return ReleaseNotes{version, notes}, nil
}

// FindSection returns the text below the heading of a version: "## 1.2.3", "## v1.2.3" or
// "## [1.2.3] - 2026-01-02". found is false when there is no such heading or no text.
func FindSection(changelog, version string) (text string, found bool) {
	var lines []string
	isInside := false
	for line := range strings.Lines(changelog) {
		if heading, ok := strings.CutPrefix(line, "## "); ok {
			if isInside {
				break
			}
			word, _, _ := strings.Cut(strings.TrimSpace(heading), " ")
			isInside = strings.TrimPrefix(strings.Trim(word, "[]"), "v") == strings.TrimPrefix(version, "v")
			continue
		}
		if isInside {
			lines = append(lines, line)
		}
	}
	text = strings.TrimSpace(strings.Join(lines, ""))
	return text, text != ""
}
