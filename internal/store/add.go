package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/google/renameio/v2"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/flock"
	"github.com/flowgate-go/flowgate/internal/trust"
)

// NewInstall is an install that is to be added: what will be recorded, and Fill, which
// puts the files into an empty folder.
type NewInstall struct {
	Name    string
	Version string
	Digest  string // "sha256:" and 64 hexadecimal digits
	Binary  string // path within the folder; Fill may set it
	Source  string // where it comes from, for people
	// InPlace makes Add call Fill with the final folder, for files that contain their
	// own path; else Add renames the folder after Fill. In both cases the
	// install counts only when it is complete.
	InPlace bool
	Fill    func(ctx context.Context, dir string, n *NewInstall) error
}

// Folder returns the folder name that the install will have.
func (n NewInstall) Folder() string {
	return n.Version + "-" + strings.TrimPrefix(n.Digest, "sha256:")[:12]
}

// Lock locks the folder of a runtime for an installation, and removes what an interrupted
// installation left in it. It waits up to ten minutes for another installation. Close
// releases the lock. Faults: store-unwritable, store-unreadable; store-busy after the wait.
func Lock(ctx context.Context, cfg *config.Config, name string) (io.Closer, error) {
	dir := Dir(cfg, name)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, unwritableFault(dir, err)
	}
	lock, err := flock.Take(ctx, filepath.Join(dir, ".lock"), lockWait)
	switch {
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case errors.Is(err, context.DeadlineExceeded):
		return nil, fault.New("store-busy", "another command has been installing %s for more than %v", name, lockWait).
			WithHint("wait for it or end it")
	case err != nil:
		return nil, unwritableFault(dir, err)
	}
	if err := removeLeftovers(dir); err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	return lock, nil
}

// lockWait is how long an installation waits for another one.
const lockWait = 10 * time.Minute

// removeLeftovers removes the folders without a readable record, which are not installs.
func removeLeftovers(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return unreadableFault(dir, err)
	}
	for _, e := range entries {
		path := filepath.Join(dir, e.Name())
		if _, isComplete := readInstall(path); isComplete || !e.IsDir() || e.Name() == partialName {
			continue
		}
		if err := os.RemoveAll(path); err != nil {
			return unwritableFault(path, err)
		}
	}
	return nil
}

// partialName is the folder of downloads that can be resumed.
const partialName = ".partial"

// PartialDir returns the folder in which downloads for a runtime are kept until they
// are complete.
func PartialDir(cfg *config.Config, name string) string {
	return filepath.Join(Dir(cfg, name), partialName)
}

// Add adds an install to the store, or returns the one that exists in its folder. The caller
// must hold the lock (see Lock). Add does not activate the install. Faults: store-unwritable,
// store-unreadable, state-untrusted when this user's FlowGate did not make the existing one,
// those of Fill.
func Add(ctx context.Context, cfg *config.Config, n NewInstall) (Install, error) {
	final := filepath.Join(Dir(cfg, n.Name), n.Folder())
	if in, ok := readInstall(final); ok {
		return in, CheckSigned(in)
	}
	dir := final
	if !n.InPlace {
		dir = filepath.Join(Dir(cfg, n.Name), ".new-"+n.Folder())
	}
	if err := os.RemoveAll(dir); err != nil {
		return Install{}, unwritableFault(dir, err)
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		return Install{}, unwritableFault(dir, err)
	}
	if err := fillFolder(ctx, dir, final, &n); err != nil {
		return Install{}, errors.Join(err, os.RemoveAll(dir))
	}
	in, ok := readInstall(final)
	if !ok {
		return Install{}, unreadableFault(final, fmt.Errorf("it disappeared right after its installation"))
	}
	return in, nil
}

// fillFolder fills dir with the files of an install and its record, and renames it to final
// if that is another folder.
func fillFolder(ctx context.Context, dir, final string, n *NewInstall) error {
	if err := n.Fill(ctx, dir, n); err != nil {
		return err
	}
	if err := writeRecord(dir, *n); err != nil {
		return unwritableFault(dir, err)
	}
	if dir == final {
		return syncDir(filepath.Dir(final))
	}
	if err := os.Rename(dir, final); err != nil {
		return unwritableFault(final, err)
	}
	return syncDir(filepath.Dir(final))
}

// writeRecord writes the manifest and then the record, which makes the install complete.
func writeRecord(dir string, n NewInstall) error {
	files, err := buildManifest(dir)
	if err != nil {
		return err
	}
	if err := renameio.WriteFile(filepath.Join(dir, manifestName), files, 0o600); err != nil {
		return err
	}
	data, err := json.MarshalIndent(record{Name: n.Name, Version: n.Version, Digest: n.Digest, Tree: hashOf(files),
		Binary: n.Binary, Source: n.Source, InstalledAt: time.Now().UTC()}, "", "  ")
	if err != nil {
		return err
	}
	data = append(data, '\n')
	if key, err := trust.EnsureKey(os.Getenv); err == nil { // without a key, mage trust can sign it later
		data = key.Seal(recordKind, trust.Place(rootOf(dir)), data)
	}
	return renameio.WriteFile(filepath.Join(dir, recordName), data, 0o600)
}

// Remove deletes an install. Faults: version-in-use when it is active or pinned,
// store-unwritable.
func Remove(in Install) error {
	if in.Active || in.Pinned {
		return fault.Usage("version-in-use", "%s %s is active or pinned", in.Name, in.Version)
	}
	// The record is removed first, because a folder without it does not count as an install.
	if err := os.Remove(filepath.Join(in.Path, recordName)); err != nil {
		return unwritableFault(in.Path, err)
	}
	if err := os.RemoveAll(in.Path); err != nil {
		return unwritableFault(in.Path, err)
	}
	return nil
}
