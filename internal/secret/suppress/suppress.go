// Package suppress holds what a scan may leave out of its failures: Ignore the fingerprints
// in .gitleaksignore, Baseline the findings that are accepted already.
package suppress

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/google/renameio/v2"

	"github.com/flowgate-go/flowgate/internal/safefile"
	"github.com/flowgate-go/flowgate/internal/secret/scan"
)

// IgnoreFile lists fingerprints of findings that are not secrets, as in gitleaks.
const IgnoreFile = ".gitleaksignore"

// Ignore is a set of fingerprints.
type Ignore map[string]bool

// ReadIgnore reads the folder's .gitleaksignore; without one nothing is ignored.
func ReadIgnore(folder string) (Ignore, error) {
	b, err := safefile.Read(filepath.Join(folder, IgnoreFile), safefile.DocumentLimit)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return parseIgnore(b), err
}

// parseIgnore parses an ignore file: a fingerprint on each line, comments after #.
func parseIgnore(b []byte) Ignore {
	ignore := Ignore{}
	for line := range strings.Lines(string(b)) {
		line = strings.TrimSpace(line)
		if line != "" && line[0] != '#' {
			ignore[strings.ReplaceAll(line, `\`, "/")] = true
		}
	}
	return ignore
}

// Has reports whether the finding is ignored, by its own fingerprint or by the one that
// it has in every commit.
func (i Ignore) Has(n scan.Finding) bool {
	return i[n.Fingerprint] || i[fmt.Sprintf("%s:%s:%d", n.File, n.Rule, n.Line)]
}

// baselineEntry is a finding in a baseline. gitleaks' reports have the same keys, so
// they can be used as baselines too.
type baselineEntry struct {
	Rule   string `json:"RuleID"`
	File   string `json:"File"`
	Line   int    `json:"StartLine"`
	Commit string `json:"Commit"`
}

// Baseline is a set of findings that are accepted already.
type Baseline map[baselineEntry]bool

// ErrBaseline means that a file is not a baseline.
var ErrBaseline = errors.New("not a baseline: a JSON list of findings with RuleID, File, StartLine and Commit")

// ReadBaseline reads a baseline, or a JSON report of gitleaks.
func ReadBaseline(path string) (Baseline, error) {
	b, err := safefile.Read(path, safefile.DocumentLimit)
	if err != nil {
		return nil, err
	}
	return parseBaseline(b)
}

// parseBaseline parses a baseline. Its error is ErrBaseline.
func parseBaseline(b []byte) (Baseline, error) {
	var all []baselineEntry
	if err := json.Unmarshal(bytes.TrimSpace(b), &all); err != nil || all == nil {
		return nil, ErrBaseline
	}
	base := Baseline{}
	for _, entry := range all {
		if entry.Rule == "" || entry.File == "" {
			return nil, ErrBaseline
		}
		base[entry] = true
	}
	return base, nil
}

// Has reports whether the baseline has the finding.
func (b Baseline) Has(n scan.Finding) bool { return b[baselineEntry{n.Rule, n.File, n.Line, n.Commit}] }

// WriteBaseline writes a baseline with all the findings. It contains no secret. It
// replaces a baseline or an empty file, and nothing else.
func WriteBaseline(path string, found []scan.Finding) error {
	if info, err := os.Lstat(path); err == nil && (!info.Mode().IsRegular() || info.Size() > 0) {
		if _, err := ReadBaseline(path); err != nil {
			return fmt.Errorf("%s exists, and is replaced only when it is a baseline: %w", path, err)
		}
	}
	all := []baselineEntry{}
	for _, n := range found {
		all = append(all, baselineEntry{n.Rule, n.File, n.Line, n.Commit})
	}
	b, err := json.MarshalIndent(all, "", "  ")
	if err != nil {
		return err
	}
	return renameio.WriteFile(path, append(b, '\n'), 0o644)
}
