package change

import (
	"bytes"
	"errors"
	"io/fs"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/renameio/v2"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/config/rewrite"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/generation"
	"github.com/flowgate-go/flowgate/internal/policy"
	"github.com/flowgate-go/flowgate/internal/safefile"
	"github.com/flowgate-go/flowgate/internal/store"
	"github.com/flowgate-go/flowgate/supervisor/stack/journal"
)

// plan prepares the change and changes nothing.
func (r *rollbackPlan) plan() error {
	texts, err := r.targetTexts()
	if err != nil {
		return err
	}
	after := config.Default(r.o.Dir)
	if r.target.ConfigFile != "" {
		after, err = config.LoadText(r.target.ConfigFile, texts[generation.PartConfig], r.o.Getenv)
		if err != nil {
			return err
		}
	}
	if after.Paths.RuntimeDir != r.target.RuntimeDir {
		return fault.Usage(
			"rollback-elsewhere",
			"generation %d has its runtime folder at %s, not %s",
			r.target.Number,
			after.Paths.RuntimeDir,
			r.target.RuntimeDir,
		).
			WithHint("a stack that was moved cannot be rolled back; restore paths.runtime_dir by hand first")
	}
	r.change = Change{Root: r.root, After: after, Before: r.currentConfig(after),
		Journal: journal.Entry{Kind: "rollback", From: r.result.From, To: r.target.Number}}
	if err := r.planProfile(after); err != nil {
		return err
	}
	for _, part := range [...]string{generation.PartProxy, generation.PartConfig} {
		r.planFile(part, texts[part])
	}
	if err := r.planRuntimes(after); err != nil {
		return err
	}
	r.planPointer()
	return nil
}

// currentConfig returns what services run from now: the present configuration or, when it
// does not parse, that of the current generation, which got ready last.
func (r *rollbackPlan) currentConfig(after *config.Config) *config.Config {
	if cfg, err := r.o.Load(); err == nil {
		return cfg
	}
	if part, err := r.current.ReadPart(r.root, generation.PartConfig); err == nil {
		if cfg, err := config.LoadText(r.current.ConfigFile, part.Text, r.o.Getenv); err == nil {
			return cfg
		}
	}
	return after
}

// targetTexts returns the target's files, by part, with the secrets of this machine in
// them. A file that differs from the present one in secrets only keeps its present text.
// Fault: secret-gone.
func (r *rollbackPlan) targetTexts() (map[string][]byte, error) {
	key, err := generation.SecretKey(filepath.Join(r.root, "secrets"))
	if err != nil {
		return nil, err
	}
	texts := map[string][]byte{}
	for part, path := range map[string]string{generation.PartConfig: r.target.ConfigFile,
		generation.PartProxy: r.target.ProxyFile} {
		if path == "" || r.target.Digests[part] == "" {
			continue
		}
		sealed, err := r.target.ReadPart(r.root, part)
		if err != nil {
			return nil, err
		}
		present, _ := safefile.Read(path, safefile.DocumentLimit) // missing or unreadable: nothing to take secrets from
		presentSealed, err := generation.Seal(present, key, r.knownSecrets())
		if err == nil && generation.Digest(presentSealed.Text) == r.target.Digests[part] {
			texts[part] = present
			continue
		}
		text, missing := sealed.Open(key, r.knownSecrets(), r.secretSources(path, present)...)
		if len(missing) > 0 {
			return nil, fault.New(
				"secret-gone",
				"%s of generation %d had a key at %s that is nowhere on this machine any more",
				filepath.Base(path),
				r.target.Number,
				strings.Join(missing, ", "),
			).
				WithHint("generations hold no keys: put the key into %s at that place and roll back again", path)
		}
		texts[part] = text
	}
	return texts, nil
}

// secretSources returns texts that may hold a secret: the file and its backups.
func (r *rollbackPlan) secretSources(path string, present []byte) [][]byte {
	list := [][]byte{present}
	backups, _ := filepath.Glob(path + ".bak-*")
	for _, b := range backups {
		if text, err := safefile.Read(b, safefile.DocumentLimit); err == nil {
			list = append(list, text)
		}
	}
	return list
}

// knownSecrets returns the secrets of the installation, as far as they can be read.
func (r *rollbackPlan) knownSecrets() []string {
	cfg := minimalConfig(r.root)
	cfg.Paths.ActiveConfig = filepath.Join(cfg.Paths.RuntimeDir, "litellm.active.yaml")
	all := KnownSecrets(cfg, r.o.Getenv)
	if present, err := r.o.Load(); err == nil {
		all = append(all, KnownSecrets(present, r.o.Getenv)...)
	}
	return all
}

// planFile plans the replacement of a file that people edit, if it differs.
func (r *rollbackPlan) planFile(part string, text []byte) {
	path := map[string]string{generation.PartConfig: r.target.ConfigFile, generation.PartProxy: r.target.ProxyFile}[part]
	present, err := safefile.Read(path, safefile.DocumentLimit)
	if text == nil || err == nil && bytes.Equal(present, text) {
		return
	}
	r.result.Changed = append(r.result.Changed, path)
	r.change.Paths = append(r.change.Paths, path)
	r.change.Steps = append(r.change.Steps, Step{"file:" + part, func() error {
		if errors.Is(err, fs.ErrNotExist) {
			return renameio.WriteFile(path, text, 0o600)
		}
		backup, err := rewrite.Replace(path, present, text, time.Now())
		if err == nil {
			r.result.Backups = append(r.result.Backups, backup)
		}
		return err
	}})
	if part == generation.PartProxy {
		r.addRestart(config.CLIProxy)
	}
}

// planProfile plans the router's configuration and the profile.
func (r *rollbackPlan) planProfile(after *config.Config) error {
	for _, svc := range after.Services {
		if old, ok := r.change.Before.Service(svc.Name); ok && !reflect.DeepEqual(old, svc) {
			r.addRestart(svc.Name)
		}
	}
	if r.target.Profile == "" {
		return nil
	}
	active, err := policy.Prepare(after, r.target.Profile, r.o.Getenv)
	if err != nil {
		return err
	}
	for _, w := range active.Warnings {
		r.result.Warnings = append(r.result.Warnings, w.Message)
	}
	want, err := active.YAML()
	if err != nil {
		return err
	}
	have, err := safefile.Read(after.Paths.ActiveConfig, safefile.DocumentLimit)
	profile, _ := policy.Current(after)
	same := err == nil && bytes.Equal(have, want)
	if same && profile == r.target.Profile {
		return nil
	}
	r.result.Changed = append(r.result.Changed, after.Paths.ActiveConfig)
	r.change.Paths = append(r.change.Paths, after.Paths.ActiveConfig, after.Paths.StateFile)
	r.change.Steps = append(r.change.Steps, Step{"profile", func() error {
		_, err := policy.Write(after, active, time.Now())
		return err
	}})
	if !same {
		r.addRestart(config.LiteLLM)
	}
	return nil
}

// planRuntimes plans which versions of runtimes become active.
func (r *rollbackPlan) planRuntimes(after *config.Config) error {
	for _, want := range r.target.Runtimes {
		if want.Folder == "" {
			continue // this program itself, or one from outside of the store
		}
		if store.ActiveFolder(after, want.Runtime) == want.Folder {
			continue
		}
		install, err := store.FindFolder(after, want.Runtime, want.Folder)
		if err == nil {
			err = store.CheckSigned(install)
		}
		if err == nil {
			err = store.Verify(install)
		}
		if err != nil {
			return err
		}
		r.result.Changed = append(r.result.Changed, want.Runtime+" "+want.Version)
		r.change.Links = append(r.change.Links, want.Runtime)
		r.change.Steps = append(r.change.Steps, Step{"runtime:" + want.Runtime, func() error {
			return store.Activate(after, want.Runtime, want.Folder)
		}})
		r.addRestart(want.Service)
	}
	return nil
}

// planPointer plans which generation is the current one.
func (r *rollbackPlan) planPointer() {
	path := generation.CurrentPath(r.root)
	r.change.Paths = append(r.change.Paths, path)
	r.change.Steps = append(r.change.Steps, Step{"current", func() error {
		return renameio.WriteFile(path, []byte(strconv.Itoa(r.target.Number)+"\n"), 0o600)
	}})
}

// addRestart plans the restart of a service that the target's configuration has.
func (r *rollbackPlan) addRestart(service string) {
	if _, ok := r.change.After.Service(service); ok && !slices.Contains(r.change.Restart, service) {
		r.change.Restart = append(r.change.Restart, service)
	}
}
