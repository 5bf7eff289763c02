// Package store keeps installed runtimes side by side, each version in a folder
// of its own that nothing changes once it is complete:
//
//	store/<runtime>/<version>-<first 12 digits of the digest>/   one install
//	store/<runtime>/current                                      link to the active one
//	store/<runtime>/pin                                          version that updates leave alone
//
// Call Installed to list the installs, Add to add one, Activate to choose the active one.
// The package never fetches anything and never runs an installed program.
//
// It has more than 700 lines because the record, the manifest and the signature of an
// install are one format, which the code that adds, finds and verifies installs shares.
package store

import (
	"cmp"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/trust"
)

// Install is one version of a runtime in the store.
type Install struct {
	Name    string `json:"name"`    // of the runtime: config.RuntimeLiteLLM, config.RuntimeCLIProxyAPI
	Version string `json:"version"` // without a leading v
	// "sha256:…" of the archive, the binary or the lock file that it was installed from
	Digest      string    `json:"digest"`
	Tree        string    `json:"tree"`   // "sha256:…" of its manifest: names, modes and contents of all its files
	Binary      string    `json:"binary"` // path within the folder
	Source      string    `json:"source"` // where it comes from, for people
	InstalledAt time.Time `json:"installed_at"`

	Path   string `json:"path"`   // absolute folder
	Active bool   `json:"active"` // services run this one
	Pinned bool   `json:"pinned"` // updates do not replace this version
	Signed bool   `json:"signed"` // this user's FlowGate installed it here
}

// Names of FlowGate's own files in an install's folder, and of the link to the active install
// in a runtime's folder.
const (
	recordName   = ".flowgate.json"
	manifestName = ".flowgate.manifest"
	currentName  = "current"
)

// record is the content of an install's record; the other fields of an Install come from
// its folder, the link and the pin.
type record struct {
	Name        string    `json:"name"`
	Version     string    `json:"version"`
	Digest      string    `json:"digest"`
	Tree        string    `json:"tree"`
	Binary      string    `json:"binary"`
	Source      string    `json:"source"`
	InstalledAt time.Time `json:"installed_at"`
}

// Dir returns the folder of one runtime's installs.
func Dir(cfg *config.Config, name string) string {
	return filepath.Join(cfg.Paths.Root(), "store", name)
}

// Installed returns all installs: by runtime, then by time of installation,
// oldest first. It leaves out folders that an interrupted installation left behind.
// Reading a store of a hundred installs takes milliseconds, because it does not hash
// the files; Verify does. Fault: store-unreadable.
func Installed(cfg *config.Config) ([]Install, error) {
	root := filepath.Join(cfg.Paths.Root(), "store")
	names, err := folderNames(root)
	if err != nil {
		return nil, err
	}
	all := []Install{}
	for _, name := range names {
		installs, err := listInstalls(filepath.Join(root, name))
		if err != nil {
			return nil, err
		}
		all = append(all, installs...)
	}
	return all, nil
}

// listInstalls returns the installs in a runtime's folder, oldest first.
func listInstalls(dir string) ([]Install, error) {
	names, err := folderNames(dir)
	if err != nil {
		return nil, err
	}
	var list []Install
	for _, name := range names {
		if in, ok := readInstall(filepath.Join(dir, name)); ok {
			list = append(list, in)
		}
	}
	slices.SortStableFunc(list, func(a, b Install) int {
		return cmp.Or(a.InstalledAt.Compare(b.InstalledAt), strings.Compare(a.Path, b.Path))
	})
	return list, nil
}

// readInstall returns the install in a folder, and false when it is not complete.
func readInstall(path string) (Install, bool) {
	root := rootOf(path)
	data, err := trust.ReadState(root, filepath.Join(path, recordName), maxRecordSize)
	var r record
	if err != nil || json.Unmarshal(data, &r) != nil || r.Name == "" || r.Version == "" {
		return Install{}, false
	}
	in := Install{Name: r.Name, Version: r.Version, Digest: r.Digest, Tree: r.Tree, Binary: r.Binary,
		Source: r.Source, InstalledAt: r.InstalledAt, Path: path}
	dir := filepath.Dir(path)
	in.Active = activeFolder(dir) == filepath.Base(path)
	in.Pinned = pinnedVersion(dir) == r.Version
	key, _ := trust.LoadKey(os.Getenv) // without a key, nothing was ever signed here
	_, err = key.Open(recordKind, trust.Place(root), data)
	in.Signed = err == nil
	return in, true
}

// folderNames returns the names of the folders in dir that are not links and not hidden; none
// when dir is missing.
func folderNames(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, unreadableFault(dir, err)
	}
	var names []string
	for _, e := range entries {
		if e.IsDir() && !strings.HasPrefix(e.Name(), ".") {
			names = append(names, e.Name())
		}
	}
	return names, nil
}

// Executable returns the absolute path of the install's program.
func (in Install) Executable() string { return filepath.Join(in.Path, in.Binary) }

// Folder returns the name of the install's folder within its runtime's folder; generations
// record it.
func (in Install) Folder() string { return filepath.Base(in.Path) }
