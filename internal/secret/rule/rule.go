// Package rule holds what makes a text a secret: gitleaks' rules
// (gitleaks.toml, from gitleaks 8.30.1 as it is), FlowGate's own (flowgate.toml)
// and a repository's .gitleaks.toml. Load is the whole of it; package scan
// applies what it returns.
//
// The rules are data in this binary instead of the gitleaks module, whose
// dependencies would add 10 MB and initialisations to every command; the tests
// of package scan use that module as their oracle.
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

//go:embed flowgate.toml
var ownRules string

// File is the name of a repository's own rules, as gitleaks has it.
const File = ".gitleaks.toml"

// maxRuleBytes bounds a file of rules, in bytes: gitleaks' own has 100 kB.
const maxRuleBytes = 4 << 20

// engineVersion is raised when package match or scan find something else in the same
// text by the same rules, so that no cache keeps what an older one found.
const engineVersion = "2"

// Rule says what one kind of secret looks like.
type Rule struct {
	ID          string
	Description string
	Expr        string // in Go's syntax; empty: the path alone
	Path        *regexp.Regexp
	Group       int     // of Expr, holds the secret; 0: the first that is not empty
	Entropy     float64 // Shannon bits a character that a secret has to exceed; 0: any
	Keywords    []string
	Allow       []*Allowlist
	Required    []Required
	SkipReport  bool // only other rules need it
	Known       bool // a secret that is known by its value: no allowlist and no path hides it
}

// Required is another rule that has to match nearby.
type Required struct {
	ID                         string
	WithinLines, WithinColumns *int
}

// Set is a list of rules with what none of them counts.
type Set struct {
	Rules    []Rule
	Allow    []*Allowlist
	Path     string // .gitleaks.toml, relative to the folder it was loaded for; empty: none
	Baseline string // file that is not searched either: gitleaks' hold secrets; empty: none
	Digest   string // hexadecimal; another one means other findings
}

// Default returns gitleaks' rules and FlowGate's own.
func Default() (*Set, error) { return Load("") }

// Load returns the rules that hold in the folder: those of its .gitleaks.toml,
// which says itself whether it extends the default ones, or the default ones;
// FlowGate's own are always among them.
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

func describeSource(path string) string {
	if path == "" {
		return "of gitleaks"
	}
	return path
}

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
