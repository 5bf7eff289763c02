package stack

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
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/generation"
	"github.com/flowgate-go/flowgate/internal/policy"
	"github.com/flowgate-go/flowgate/internal/safefile"
	"github.com/flowgate-go/flowgate/internal/store"
)

// plan makes the change without doing any of it.
func (r *rollback) plan() error {
	texts, err := r.texts()
	if err != nil {
		return err
	}
	after := config.Default(".")
	if r.target.ConfigFile != "" {
		after, err = config.LoadText(r.target.ConfigFile, texts[generation.PartConfig], r.o.getenv)
		if err != nil {
			return err
		}
	}
	if after.Paths.RuntimeDir != r.target.RuntimeDir {
		return fault.Usage("rollback-elsewhere", "generation %d has its runtime folder at %s, not %s", r.target.Number, after.Paths.RuntimeDir, r.target.RuntimeDir).
			WithHint("a stack that was moved cannot be rolled back; restore paths.runtime_dir by hand first")
	}
	r.change = change{root: r.root, after: after, before: r.before(after),
		journal: journal{Kind: "rollback", From: r.result.From, To: r.target.Number}}
	if err := r.active(after); err != nil {
		return err
	}
	for _, part := range [...]string{generation.PartProxy, generation.PartConfig} {
		r.file(part, texts[part])
	}
	if err := r.runtimes(after); err != nil {
		return err
	}
	r.pointer()
	return nil
}

// before is what services run from now: the present configuration, or when it
// does not parse that of the current generation, which got ready last.
func (r *rollback) before(after *config.Config) *config.Config {
	if cfg, err := r.o.load(); err == nil {
		return cfg
	}
	if part, err := r.current.ReadPart(r.root, generation.PartConfig); err == nil {
		if cfg, err := config.LoadText(r.current.ConfigFile, part.Text, r.o.getenv); err == nil {
			return cfg
		}
	}
	return after
}

// texts are the target's files with their secrets, only those that differ from
// the present ones in more than secrets; the configuration is always there.
func (r *rollback) texts() (map[string][]byte, error) {
	key, err := generation.SecretKey(filepath.Join(r.root, "secrets"))
	if err != nil {
		return nil, err
	}
	texts := map[string][]byte{}
	for part, path := range map[string]string{generation.PartConfig: r.target.ConfigFile, generation.PartProxy: r.target.ProxyFile} {
		if path == "" || r.target.Digests[part] == "" {
			continue
		}
		sealed, err := r.target.ReadPart(r.root, part)
		if err != nil {
			return nil, err
		}
		present, _ := safefile.Read(path, safefile.DocumentLimit) // missing or unreadable: nothing to take secrets from
		now, err := generation.Seal(present, key, r.known())
		if err == nil && generation.Digest(now.Text) == r.target.Digests[part] {
			texts[part] = present
			continue
		}
		text, missing := sealed.Open(key, r.known(), r.sources(path, present)...)
		if len(missing) > 0 {
			return nil, fault.New("secret-gone", "%s of generation %d had a key at %s that is nowhere on this machine any more", filepath.Base(path), r.target.Number, strings.Join(missing, ", ")).
				WithHint("generations hold no keys: put the key into %s at that place and roll back again", path)
		}
		texts[part] = text
	}
	return texts, nil
}

// sources are texts that may hold a secret: the file and its backups.
func (r *rollback) sources(path string, present []byte) [][]byte {
	list := [][]byte{present}
	backups, _ := filepath.Glob(path + ".bak-*")
	for _, b := range backups {
		if text, err := safefile.Read(b, safefile.DocumentLimit); err == nil {
			list = append(list, text)
		}
	}
	return list
}

func (r *rollback) known() []string {
	cfg := placed(r.root)
	cfg.Paths.ActiveConfig = filepath.Join(cfg.Paths.RuntimeDir, "litellm.active.yaml")
	all := known(cfg, r.o.getenv)
	if present, err := r.o.load(); err == nil {
		all = append(all, known(present, r.o.getenv)...)
	}
	return all
}

// file plans the replacement of one that people edit, when it differs.
func (r *rollback) file(part string, text []byte) {
	path := map[string]string{generation.PartConfig: r.target.ConfigFile, generation.PartProxy: r.target.ProxyFile}[part]
	present, err := safefile.Read(path, safefile.DocumentLimit)
	if text == nil || err == nil && bytes.Equal(present, text) {
		return
	}
	r.result.Changed = append(r.result.Changed, path)
	r.change.paths = append(r.change.paths, path)
	r.change.steps = append(r.change.steps, step{"file:" + part, func() error {
		if errors.Is(err, fs.ErrNotExist) {
			return renameio.WriteFile(path, text, 0o600)
		}
		backup, err := config.Replace(path, present, text, time.Now())
		if err == nil {
			r.result.Backups = append(r.result.Backups, backup)
		}
		return err
	}})
	if part == generation.PartProxy {
		r.again(config.CLIProxy)
	}
}

// active plans the router's configuration and the profile.
func (r *rollback) active(after *config.Config) error {
	for _, svc := range after.Services {
		if old, ok := r.change.before.Service(svc.Name); ok && !reflect.DeepEqual(old, svc) {
			r.again(svc.Name)
		}
	}
	if r.target.Profile == "" {
		return nil
	}
	active, err := policy.Prepare(after, r.target.Profile, r.o.getenv)
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
	r.change.paths = append(r.change.paths, after.Paths.ActiveConfig, after.Paths.StateFile)
	r.change.steps = append(r.change.steps, step{"profile", func() error {
		_, err := policy.Write(after, active, time.Now())
		return err
	}})
	if !same {
		r.again(config.LiteLLM)
	}
	return nil
}

// runtimes plans the switches of versions.
func (r *rollback) runtimes(after *config.Config) error {
	for _, want := range r.target.Runtimes {
		if want.Folder == "" {
			continue // this program itself, or one from outside of the store
		}
		if store.ActiveFolder(after, want.Runtime) == want.Folder {
			continue
		}
		in, err := store.FindFolder(after, want.Runtime, want.Folder)
		if err == nil {
			err = store.CheckSigned(in)
		}
		if err == nil {
			err = store.Verify(in)
		}
		if err != nil {
			return err
		}
		r.result.Changed = append(r.result.Changed, want.Runtime+" "+want.Version)
		r.change.links = append(r.change.links, want.Runtime)
		r.change.steps = append(r.change.steps, step{"runtime:" + want.Runtime, func() error {
			return store.Activate(after, want.Runtime, want.Folder)
		}})
		r.again(want.Service)
	}
	return nil
}

// pointer plans which generation is the current one.
func (r *rollback) pointer() {
	path := generation.CurrentPath(r.root)
	r.change.paths = append(r.change.paths, path)
	r.change.steps = append(r.change.steps, step{"current", func() error {
		return renameio.WriteFile(path, []byte(strconv.Itoa(r.target.Number)+"\n"), 0o600)
	}})
}

func (r *rollback) again(service string) {
	if _, ok := r.change.after.Service(service); ok && !slices.Contains(r.change.restart, service) {
		r.change.restart = append(r.change.restart, service)
	}
}
