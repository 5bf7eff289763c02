package rewrite

import (
	"bytes"
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/config/yamlnode"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/safefile"
	"github.com/rogpeppe/go-internal/diff"
)

// Migration says what Migrate did, or would do on a dry run.
type Migration struct {
	File string `json:"file"`
	From int    `json:"from"` // 0: the file named no version
	To   int    `json:"to"`
	// the new text differs from the old one; true on a dry run too, which writes nothing
	Changed  bool             `json:"changed"`
	Backup   string           `json:"backup,omitempty"`  // the old file, byte for byte; copy it back to undo
	Diff     []string         `json:"diff"`              // the lines of a unified diff
	Message  string           `json:"message,omitempty"` // why there was nothing to do
	Warnings []config.Warning `json:"warnings"`          // warnings about the new file
}

// Migrate rewrites the file at path in the current version. It changes only old keys:
// comments, order, anchors and formatting elsewhere stay byte for byte. It keeps the old
// file beside the new one as NAME.bak-TIME with its mode. A file of version 3, which is a
// form of its own without LiteLLM, stays version 3: only its old keys are renamed. With
// dryRun it writes nothing. Faults: those of config.Load and Replace, and migrate-unsafe
// when the new text would not mean the same.
func Migrate(path string, dryRun bool, now time.Time, getenv func(string) string) (Migration, error) {
	before, err := config.Load(path, getenv)
	if err != nil {
		return Migration{}, err
	}
	data, err := safefile.Read(path, safefile.DocumentLimit)
	if err != nil {
		return Migration{}, yamlnode.UnreadableFault(path, err)
	}
	root := yamlnode.Parse(yamlnode.NewDiagnosis(path), bytes.TrimPrefix(data, []byte("\xef\xbb\xbf")))
	m := newMigration(path, before.Version, root)
	migrated, err := migrateText(data, root, m.To)
	if err != nil {
		return Migration{}, unsafeMigrationFault(path, err)
	}
	if bytes.Equal(migrated, data) {
		m.Message = "the file has the current version already"
		if m.To == 3 {
			m.Message = "version 3 is a form of its own, without LiteLLM; there is nothing to migrate"
		}
		m.Warnings = append(m.Warnings, before.Warnings...)
		return m, nil
	}
	after, err := checkSameMeaning(before, migrated, path, getenv)
	if err != nil {
		return Migration{}, unsafeMigrationFault(path, err)
	}
	m.Changed, m.Warnings = true, append(m.Warnings, after.Warnings...)
	m.Diff = strings.Split(strings.TrimSuffix(string(diff.Diff(path, data, path, migrated)), "\n"), "\n")
	if dryRun {
		return m, nil
	}
	m.Backup, err = Replace(path, data, migrated, now)
	return m, err
}

// newMigration returns the Migration of a file with the given version before any change. Its
// From is 0 for a file that names no version.
func newMigration(path string, version int, root *yamlnode.Node) Migration {
	m := Migration{File: path, From: version, To: config.CurrentVersion, Diff: []string{}, Warnings: []config.Warning{}}
	if version == 3 {
		m.To = 3
	}
	if _, ok := root.Field("config_version"); !ok {
		m.From = 0
	}
	return m
}

// checkSameMeaning returns the configuration of the new text, or an error when it is not
// the same as before; versions and warnings may differ.
func checkSameMeaning(before *config.Config, migrated []byte, path string, getenv func(string) string) (*config.Config,
	error) {
	after, err := config.LoadText(path, migrated, getenv)
	if err != nil {
		return nil, err
	}
	a, b := *before, *after
	a.Warnings, b.Warnings, a.Version, b.Version = nil, nil, 0, 0
	if !reflect.DeepEqual(a, b) {
		return nil, fmt.Errorf("the new text would not mean the same")
	}
	return after, nil
}

// unsafeMigrationFault returns the fault of a file that was not migrated.
func unsafeMigrationFault(path string, err error) error {
	return fault.Usage("migrate-unsafe", "%s: cannot be rewritten safely: %w", path, err).
		WithHint("nothing was changed; rename the old keys by hand (docs/configuration.md, versions)")
}
