package trust

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/google/renameio/v2"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/ownfile"
)

// Record is the statement of a user to trust an installation.
type Record struct {
	Schema     string    `json:"schema"`      // always recordSchema
	Config     string    `json:"config"`      // real path of the configuration file; empty for the built-in default
	RuntimeDir string    `json:"runtime_dir"` // below Place
	Root       string    `json:"root"`        // folder of the installation's state
	Digest     string    `json:"digest"`      // of the Surface that was trusted
	By         string    `json:"by"`          // the command: init, start, trust
	At         time.Time `json:"at"`
}

// recordSchema names the format of a record.
const recordSchema = "flowgate.trust/v1"

// maxRecord bounds a record in bytes: three paths of PATH_MAX (4096) bytes fit.
const maxRecord = 32 << 10

// recordIdentity returns the two paths that identify the record of an installation.
func recordIdentity(cfg *config.Config) (file, runtimeDir string) {
	if cfg.File != "" {
		file = RealPath(cfg.File)
	}
	rel, _ := filepath.Rel(cfg.Paths.Root(), cfg.Paths.RuntimeDir) // it is that folder, or "runtime" in it
	return file, filepath.Join(Place(cfg.Paths.Root()), rel)
}

// recordName returns the name of a record's file.
func recordName(file, runtimeDir string) string {
	sum := sha256.Sum256([]byte(file + "\x00" + runtimeDir))
	return hex.EncodeToString(sum[:16]) + ".json"
}

// WriteRecord records that the user trusts cfg as it is now; by is the command that the
// user typed. Faults: state-home-missing, state-home-unsafe, not-yours, trust-unwritable.
func WriteRecord(cfg *config.Config, by string, now time.Time, getenv func(string) string) (Record, error) {
	file, runtimeDir := recordIdentity(cfg)
	r := Record{Schema: recordSchema, Config: file, RuntimeDir: runtimeDir, Root: Place(cfg.Paths.Root()),
		Digest: SurfaceOf(cfg, getenv("HOME")).Digest(), By: by, At: now.UTC()}
	if _, err := findStateDirFor(cfg, getenv); err != nil {
		return r, err
	}
	dir, err := ensureStateDir(getenv, "trusted")
	if err != nil {
		return r, err
	}
	data, err := json.MarshalIndent(r, "", "  ")
	if err == nil {
		err = renameio.WriteFile(filepath.Join(dir, recordName(file, runtimeDir)), append(data, '\n'), 0o600)
	}
	if err != nil {
		return r, unwritableFault(dir, err)
	}
	return r, nil
}

// findRecord returns the record of cfg; ok is false when there is none, or when others can
// have written it.
func findRecord(cfg *config.Config, getenv func(string) string) (r Record, ok bool) {
	dir, err := findStateDirFor(cfg, getenv)
	if err != nil {
		return r, false
	}
	file, runtimeDir := recordIdentity(cfg)
	r, err = readRecord(filepath.Join(dir, "trusted", recordName(file, runtimeDir)))
	return r, err == nil && r.Config == file && r.RuntimeDir == runtimeDir
}

// readRecord reads a record that only this user can change.
func readRecord(path string) (r Record, err error) {
	data, err := ownfile.Read(path, maxRecord)
	if err == nil {
		err = json.Unmarshal(data, &r)
	}
	if err == nil && r.Schema != recordSchema {
		err = errors.New("it is not a record of trust")
	}
	return r, err
}

// FindRecordOf returns the newest record of a configuration file. It needs no valid file: a
// caller that cannot read the file learns where the installation's state is.
func FindRecordOf(file string, getenv func(string) string) (r Record, ok bool) {
	all, err := ListRecords(getenv)
	if err != nil {
		return r, false
	}
	real := RealPath(file)
	for _, other := range all {
		if other.Config == real && other.At.After(r.At) {
			r, ok = other, true
		}
	}
	return r, ok
}

// ListRecords returns all records in the order of their configuration files. It leaves out
// files that are not records. Faults: trust-unreadable, those of StateDir.
func ListRecords(getenv func(string) string) ([]Record, error) {
	all := []Record{}
	base, err := StateDir(getenv)
	if err != nil {
		return all, err
	}
	dir := filepath.Join(base, "trusted")
	names, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return all, fault.New("trust-unreadable", "read %s: %w", dir, err).WithHint("its files must belong to you")
	}
	for _, name := range names {
		if r, err := readRecord(filepath.Join(dir, name.Name())); err == nil {
			all = append(all, r)
		}
	}
	slices.SortFunc(all, func(a, b Record) int { return strings.Compare(a.Config+a.RuntimeDir, b.Config+b.RuntimeDir) })
	return all, nil
}

// RemoveRecord removes the record of cfg and reports whether there was one. Faults:
// trust-unwritable, those of StateDir.
func RemoveRecord(cfg *config.Config, getenv func(string) string) (bool, error) {
	dir, err := StateDir(getenv)
	if err != nil {
		return false, err
	}
	path := filepath.Join(dir, "trusted", recordName(recordIdentity(cfg)))
	err = os.Remove(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, unwritableFault(path, err)
	}
	return true, nil
}
