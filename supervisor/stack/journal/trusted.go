package journal

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/google/renameio/v2"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/trust"
)

// fileName is the journal's file in generations/pending; kind is what it is signed as,
// see trust.Key.
const (
	fileName = "journal.json"
	kind     = "journal"
)

// Bounds of what is read of a journal and of one of its copies.
const (
	maxJournal = 1 << 20
	maxCopy    = 16 << 20
)

// checkTrust returns a fault when this user's FlowGate did not write the journal here, or
// when it names a file that no change of this installation touches.
func (j *Entry) checkTrust(root string, cfg *config.Config, data []byte) error {
	key, err := trust.LoadKey(os.Getenv)
	if err == nil {
		_, err = key.Open(kind, trust.Place(root), data)
	}
	if err != nil {
		return fault.Usage(
			"state-untrusted",
			"the journal of an interrupted change in %s was not written by this user's FlowGate here; nothing was put back",
			Dir(root),
		).
			WithHint(
				"if you know nothing of it, remove that folder; if it is yours, of a version before 0.2 or of a folder that was " +
					"moved: mage trust",
			)
	}
	return j.checkFiles(root, cfg)
}

// checkFiles returns a fault for a file that the journal must not name.
func (j *Entry) checkFiles(root string, cfg *config.Config) error {
	for _, f := range j.Files {
		if f.Name == "" || strings.Trim(f.Name, "0123456789") != "" || !isInstallationFile(root, cfg, f.Path) {
			return fault.Usage(
				"state-untrusted",
				"the journal of an interrupted change in %s names %q, which no change of this installation touches; nothing was "+
					"put back",
				Dir(root),
				f.Path,
			).WithHint("remove that folder; its numbered files are copies of what was before")
		}
	}
	for name, folder := range j.Links {
		if !isPlainName(name) || folder != "" && !isPlainName(folder) {
			return fault.Usage(
				"state-untrusted",
				"the journal of an interrupted change in %s names the folder %q; nothing was put back",
				Dir(root),
				folder,
			).
				WithHint("remove that folder")
		}
	}
	return nil
}

// isPlainName reports whether a name is one element of a path and not hidden.
func isPlainName(name string) bool {
	return name != "" && name == filepath.Base(name) && !strings.HasPrefix(name, ".")
}

// isInstallationFile reports whether path is a file that a change of this installation
// replaces: a file that cfg names, a YAML file beside the configuration, or state below
// root except for keys and credentials. The path must have no link in it.
func isInstallationFile(root string, cfg *config.Config, path string) bool {
	if !filepath.IsAbs(path) || path != filepath.Clean(path) || trust.RealPath(path) != path {
		return false
	}
	named := []string{cfg.File, cfg.CLIProxyConfigFile, cfg.Paths.ActiveConfig, cfg.Paths.StateFile}
	if slices.ContainsFunc(named, func(file string) bool { return file != "" && trust.RealPath(file) == path }) {
		return true
	}
	inRoot := trust.IsWithin(path, trust.RealPath(root)) &&
		!trust.IsWithin(path, trust.RealPath(filepath.Join(root, "secrets"))) &&
		!trust.IsWithin(path, trust.RealPath(filepath.Join(root, "auths")))
	beside := cfg.File != "" && filepath.Dir(path) == trust.RealPath(filepath.Dir(cfg.File)) &&
		filepath.Ext(path) == ".yaml"
	return inRoot || beside
}

// Sign signs the journal of an interrupted change that an older version of FlowGate wrote
// without a signature, if the file belongs to the user alone and names only files of this
// installation.
func Sign(root string, cfg *config.Config) error {
	path := filepath.Join(Dir(root), fileName)
	data, err := trust.ReadState(root, path, maxJournal)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	var j Entry
	if err := json.Unmarshal(data, &j); err != nil {
		return nil //nolint:nilerr // the next change says that it is damaged
	}
	if err := j.checkFiles(root, cfg); err != nil {
		return err
	}
	key, err := trust.EnsureKey(os.Getenv)
	if err != nil {
		return err
	}
	doc, _ := trust.SplitSignature(data)
	if err := renameio.WriteFile(path, key.Seal(kind, trust.Place(root), doc), 0o600); err != nil {
		return writeFault(path, err)
	}
	return nil
}
