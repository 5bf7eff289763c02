// Package extract moves keys that are written out in flowgate.yaml into files of their own: call Keys.
//
// It writes all or nothing, replaces no key file, and never returns or prints a key.
package extract

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/google/renameio/v2"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/config/rewrite"
	"github.com/flowgate-go/flowgate/internal/config/yamlnode"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/keyfile"
	"github.com/flowgate-go/flowgate/internal/safefile"
)

// Result says what Keys did, or would do on a dry run.
type Result struct {
	File    string             `json:"file"`
	Changed bool               `json:"changed"` // true on a dry run too, which writes nothing
	Keys    []Key              `json:"keys"`    // that are, or would be, in files of their own now
	Left    []yamlnode.Problem `json:"left"`    // keys that stay written out, with what to do about each

	isDry bool
}

// Key is a place in the configuration where a key was written out.
type Key struct {
	Path       string `json:"path"`       // litellm_base.general_settings.master_key
	Credential string `json:"credential"` // credentials.upstream.NAME, which the place refers to now
	File       string `json:"file"`       // that has the key
}

// Keys moves the keys in litellm_base and the profiles of a configuration into files of cfg.Paths.Secrets, which
// it makes with mode 0600, and writes references to them in their places: api_key: sk-… becomes api_key_ref: NAME.
// Everything else stays byte for byte, and no copy of the old text is kept. When a step fails it removes the files
// that it made. With dryRun it writes nothing.
//
// Keys that cannot be moved are in Left, and then the error is the fault secret-unmovable; the others are moved
// nevertheless. Other faults: extract-unsafe, and those of config.Load.
func Keys(path string, dryRun bool, getenv func(string) string) (Result, error) {
	before, err := config.Load(path, getenv)
	if err != nil {
		return Result{}, err
	}
	data, err := safefile.Read(path, safefile.DocumentLimit)
	if err != nil {
		return Result{}, yamlnode.UnreadableFault(path, err)
	}
	v := &vault{cfg: before, folder: before.Paths.Secrets()}
	places := v.places()
	x, problems, err := rewrite.ExtractKeys(path, data, places)
	left := append(problems, findUnreferable(path, before, x.Root)...)
	r := Result{File: before.File, isDry: dryRun, Keys: []Key{}, Left: left}
	if err == nil && len(x.Moves) > 0 {
		err = checkMeaning(before, x, places.Known, path, getenv)
	}
	if err != nil {
		return Result{}, unsafeFault(path, err)
	}
	for _, m := range x.Moves {
		r.Keys = append(r.Keys, Key{Path: m.Path, Credential: m.Name, File: v.file(m.Name)})
	}
	if r.Changed = len(r.Keys) > 0; r.Changed && !dryRun {
		if err := v.write(path, data, x); err != nil {
			return Result{}, err
		}
	}
	return r, r.leftFault()
}

// leftFault returns the fault secret-unmovable for the keys that stay, nil for none.
func (r Result) leftFault() error {
	if len(r.Left) == 0 {
		return nil
	}
	first := r.Left[0]
	return fault.Usage("secret-unmovable", "%d of the keys in %s cannot be moved; the first is %s: %s",
		len(r.Left), r.File, first.Path, first.Message).
		WithHint("%s", first.Hint).WithDetail(yamlnode.Problems{Problems: r.Left})
}

// unsafeFault returns the fault for a file that was not changed.
func unsafeFault(path string, err error) error {
	return fault.Usage("extract-unsafe", "the keys cannot be taken out of %s safely: %w", path, err).
		WithHint("nothing was changed; put each into a file and name it in credentials.upstream by hand " +
			"(docs/configuration.md, credentials)")
}

// vault is the folder of key files.
type vault struct {
	cfg     *config.Config
	folder  string
	created []string
}

// places returns where keys may go: to a credential that has the same key in this folder already, else to a new one.
func (v *vault) places() rewrite.KeyPlaces {
	known := map[string]string{}
	for _, name := range slices.Backward(slices.Sorted(maps.Keys(v.cfg.Credentials))) {
		if c := v.cfg.Credentials[name]; filepath.Dir(c.File) == v.folder {
			if key, isOpen, err := keyfile.Read(c.File); err == nil && !isOpen {
				known[key] = name
			}
		}
	}
	return rewrite.KeyPlaces{Known: known, IsUsable: v.isUsable, File: func(name string) string {
		if relative, err := filepath.Rel(v.cfg.Dir, v.file(name)); err == nil {
			return relative
		}
		return v.file(name)
	}}
}

// file returns the file of a credential.
func (v *vault) file(name string) string {
	if c, ok := v.cfg.Credentials[name]; ok {
		return c.File
	}
	return filepath.Join(v.folder, name+".key")
}

// isUsable reports whether a new credential may have a name: no other has it, and its file holds no other key.
func (v *vault) isUsable(name, value string) bool {
	if _, isTaken := v.cfg.Credentials[name]; isTaken || name == "upstream" || name == "management" {
		return false
	}
	key, isOpen, err := keyfile.Read(v.file(name))
	return errors.Is(err, os.ErrNotExist) || err == nil && key == value && !isOpen
}

// write makes the key files, then replaces the configuration, whose text was old. When something fails it removes
// the files that it made.
func (v *vault) write(path string, old []byte, x rewrite.Extraction) (err error) {
	defer func() {
		for _, file := range v.created {
			if err != nil {
				_ = os.Remove(file) // no configuration refers to it
			}
		}
	}()
	if err := rewrite.CheckWritable(path); err != nil {
		return unsafeFault(path, err)
	}
	for _, s := range x.Secrets {
		created, err := keyfile.Store(v.file(s.Name), s.Value)
		if err != nil {
			return fault.New("write-failed", "write %s: %w", v.file(s.Name), err).
				WithHint("nothing was changed; the folder must be writable")
		}
		if created {
			v.created = append(v.created, v.file(s.Name))
		}
	}
	if now, err := safefile.Read(path, safefile.DocumentLimit); err != nil || !bytes.Equal(now, old) {
		return unsafeFault(path, fmt.Errorf("somebody else has changed it meanwhile"))
	}
	target, err := filepath.EvalSymlinks(path)
	if err != nil {
		return yamlnode.UnreadableFault(path, err)
	}
	info, err := os.Stat(target)
	if err != nil {
		return yamlnode.UnreadableFault(path, err)
	}
	if err := renameio.WriteFile(target, x.Text, info.Mode().Perm(), renameio.IgnoreUmask()); err != nil {
		return fault.New("write-failed", "write %s: %w", path, err).
			WithHint("nothing was changed; the folder must be writable")
	}
	return nil
}
