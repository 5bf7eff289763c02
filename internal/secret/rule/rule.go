// Package rule loads the rules that say which text is a secret: gitleaks' rules
// (gitleaks.toml, unchanged from gitleaks 8.30.1), FlowGate's own (flowgate.toml) and a
// repository's .gitleaks.toml. Call Load; package scan applies the Set that it returns.
//
// The rules are embedded instead of imported from the gitleaks module, whose
// dependencies would add 10 MB and initialisation time to every command. The tests of
// package scan compare with that module.
package rule

import (
	"crypto/sha256"
	_ "embed" // the rule files
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"regexp"

	"github.com/flowgate-go/flowgate/internal/safefile"
)

// Gitleaks is the text of gitleaks' rule file.
//
//go:embed gitleaks.toml
var Gitleaks string

// ownRules is the text of FlowGate's own rule file.
//
//go:embed flowgate.toml
var ownRules string

// File is the name of a repository's own rule file, as gitleaks names it.
const File = ".gitleaks.toml"

// maxRuleBytes bounds a rule file; gitleaks' own has 100 kB.
const maxRuleBytes = 4 << 20

// engineVersion is raised when package match or scan finds something else in the same
// text by the same rules, so that results cached by an older version are not used.
const engineVersion = "2"

// Rule describes one kind of secret.
type Rule struct {
	ID          string
	Description string
	Expr        string // in Go's syntax; empty: only the path counts
	Path        *regexp.Regexp
	Group       int     // group of Expr that holds the secret; 0: the first that is not empty
	Entropy     float64 // least Shannon entropy of a secret in bits per byte, exclusive; 0: any
	Keywords    []string
	Allow       []*Allowlist
	Required    []Required
	SkipReport  bool // not reported: only other rules require it
	Known       bool // its value is known: no allowlist and no path hides it
}

// Required is another rule that must match nearby.
type Required struct {
	ID                         string
	WithinLines, WithinColumns *int
}

// Set is a list of rules with the allowlists that hold for all of them.
type Set struct {
	Rules    []Rule
	Allow    []*Allowlist
	Path     string // .gitleaks.toml, relative to the folder it was loaded for; empty: none
	Baseline string // file that is not searched, since gitleaks' baselines hold secrets; empty: none
	Digest   string // hexadecimal; it differs when findings may differ
}

// Default returns gitleaks' rules and FlowGate's own.
func Default() (*Set, error) { return Load("") }

// Load returns the rules that hold in the folder: those of its .gitleaks.toml, which
// says whether it extends gitleaks' rules, or else gitleaks' rules. FlowGate's own
// rules are always included.
func Load(folder string) (*Set, error) {
	text, path, err := readRepositoryRules(folder)
	if err != nil {
		return nil, err
	}
	digest := sha256.New()
	s, err := parse(text, folder, 0, func(b string) { _, _ = digest.Write([]byte(b + "\x00")) })
	if err != nil {
		return nil, fmt.Errorf("read rules %s: %w", describeSource(path), err)
	}
	ours, err := parse(ownRules, "", 0, func(b string) { _, _ = digest.Write([]byte(b + "\x00" + engineVersion)) })
	if err != nil {
		return nil, fmt.Errorf("read FlowGate's own rules: %w", err)
	}
	s.merge(ours, nil)
	s.Path, s.Digest = path, hex.EncodeToString(digest.Sum(nil))
	return s, nil
}

// describeSource names a rule file for messages.
func describeSource(path string) string {
	if path == "" {
		return "of gitleaks"
	}
	return path
}

// readRepositoryRules returns the folder's .gitleaks.toml, or gitleaks' rules when
// there is none.
func readRepositoryRules(folder string) (text, path string, err error) {
	if folder == "" {
		return Gitleaks, "", nil
	}
	b, err := safefile.Read(filepath.Join(folder, File), maxRuleBytes)
	if errors.Is(err, fs.ErrNotExist) {
		return Gitleaks, "", nil
	}
	return string(b), File, err
}
