package policy

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/safefile"
	"github.com/google/renameio/v2"
)

// Previous holds the content of the files that Write replaced.
type Previous struct{ files []savedFile }

// savedFile is a file's content before it was replaced.
type savedFile struct {
	path    string
	data    []byte
	missing bool // there was no file
}

// Write makes a the active configuration: it writes a's YAML (0600) and then the current
// profile into the state file, each atomically and synced. It keeps keys of the state file
// that FlowGate does not know. When the second write fails, Write restores the
// first file. Restore of the result undoes both. Faults: file-foreign, write-failed.
func Write(cfg *config.Config, a Active, now time.Time) (*Previous, error) {
	if err := CheckFiles(cfg); err != nil {
		return nil, err
	}
	data, err := a.YAML()
	if err != nil {
		return nil, err
	}
	previous := &Previous{}
	for _, path := range [...]string{cfg.Paths.ActiveConfig, cfg.Paths.StateFile} {
		old, err := safefile.Read(path, safefile.DocumentLimit)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, unwritableFault(path, err)
		}
		previous.files = append(previous.files, savedFile{path, old, err != nil})
	}
	state, err := nextState(previous.files[1].data, a.Profile, now)
	if err != nil {
		return nil, err
	}
	if err := writeFile(cfg.Paths.ActiveConfig, data); err != nil {
		return nil, err
	}
	if err := writeFile(cfg.Paths.StateFile, state); err != nil {
		return nil, errors.Join(err, previous.Restore())
	}
	return previous, nil
}

// Restore restores both files as they were before Write, and removes a file that did not
// exist. When it cannot restore one, it still restores the other. Fault: write-failed.
func (p *Previous) Restore() error {
	var errs []error
	for _, f := range p.files {
		if !f.missing {
			errs = append(errs, notRestoredFault(f.path, writeFile(f.path, f.data)))
			continue
		}
		if err := os.Remove(f.path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, notRestoredFault(f.path, err))
		}
	}
	return errors.Join(errs...)
}

// nextState returns the state file's content with the profile set and its other keys kept.
// Content that is not a JSON object is replaced.
func nextState(old []byte, profile string, now time.Time) ([]byte, error) {
	state := map[string]json.RawMessage{}
	if json.Unmarshal(old, &state) != nil || state == nil {
		state = map[string]json.RawMessage{}
	}
	for key, value := range map[string]any{"current_profile": profile, "updated_at": now.UTC()} {
		raw, err := json.Marshal(value)
		if err != nil {
			return nil, fmt.Errorf("encode the state: %w", err)
		}
		state[key] = raw
	}
	data, err := json.MarshalIndent(state, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("encode the state: %w", err)
	}
	return append(data, '\n'), nil
}

// Current returns the profile in force and the time when it was chosen; "" and the zero
// time when none was chosen, or the state file cannot be read or is not valid JSON.
func Current(cfg *config.Config) (profile string, updatedAt time.Time) {
	data, err := safefile.Read(cfg.Paths.StateFile, safefile.DocumentLimit)
	if err != nil {
		return "", time.Time{}
	}
	var state struct {
		CurrentProfile string    `json:"current_profile"`
		UpdatedAt      time.Time `json:"updated_at"`
	}
	if json.Unmarshal(data, &state) != nil {
		return "", time.Time{}
	}
	return state.CurrentProfile, state.UpdatedAt
}

// writeFile replaces a file atomically, with the mode 0600, and makes its folder.
func writeFile(path string, data []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return unwritableFault(path, err)
	}
	// renameio.WriteFile would keep the mode of the existing file.
	f, err := renameio.NewPendingFile(path, renameio.WithPermissions(0o600), renameio.WithTempDir(filepath.Dir(path)))
	if err != nil {
		return unwritableFault(path, err)
	}
	defer f.Cleanup()
	if _, err = f.Write(data); err == nil {
		err = f.CloseAtomicallyReplace()
	}
	if err != nil {
		return unwritableFault(path, err)
	}
	return nil
}

func unwritableFault(path string, err error) error {
	return fault.Unwritable("write-failed", path, err, "this file was not changed")
}

// notRestoredFault returns the fault for a file that could not be restored, nil for a nil
// err.
func notRestoredFault(path string, err error) error {
	if err == nil {
		return nil
	}
	return fault.New("write-failed", "put %s back as it was: %w", path, err).
		WithHint("make the folder writable and free space on the disk, then choose the profile again: mage profile:set NAME")
}
