package trust

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/hostname"
	"github.com/flowgate-go/flowgate/internal/secret/redact"
)

// Surface lists the settings of a configuration by which FlowGate could harm its user: what
// it executes, where it writes, which files outside of the installation it reads, and where
// it sends keys.
type Surface struct {
	Executes []Entry `json:"executes"`
	Writes   []Entry `json:"writes"`
	Reads    []Entry `json:"reads"` // files outside of the installation's own folder, variables with keys
	Sends    []Entry `json:"sends"` // sign-in addresses, addresses that get keys, hosts that other machines reach
}

// Entry is one setting of a Surface.
type Entry struct {
	Key     string `json:"key"`               // of the configuration: "services.litellm.command"
	Value   string `json:"value"`             // paths relative to the installation's folder or home; secrets shortened
	Outside bool   `json:"outside,omitempty"` // a path outside of the installation's own folder

	unredacted string // Value in full, for the digest
}

// Folder returns the folder of an installation: the one that holds config/flowgate.yaml or
// flowgate.yaml; without a file, the working folder.
func Folder(cfg *config.Config) string {
	if cfg.File != "" && filepath.Base(cfg.Dir) == "config" {
		return filepath.Dir(cfg.Dir)
	}
	return cfg.Dir
}

// SurfaceOf returns the surface of a configuration. home is the user's home folder, "" when
// unknown.
func SurfaceOf(cfg *config.Config, home string) Surface {
	b := surfaceBuilder{folder: Folder(cfg), home: home}
	b.addServices(cfg)
	b.addPaths(cfg)
	b.addProviders(cfg)
	b.addModelSettings("litellm_base", cfg.Base, false)
	b.addIncludes("litellm_base.include", cfg.Dir, cfg.Base)
	for _, name := range slices.Sorted(maps.Keys(cfg.Profiles)) {
		b.addModelSettings("profiles."+name, cfg.Profiles[name], false)
		b.addIncludes("profiles."+name+".include", cfg.Dir, cfg.Profiles[name])
	}
	for _, list := range []*[]Entry{&b.Executes, &b.Writes, &b.Reads, &b.Sends} {
		slices.SortFunc(*list, func(a, c Entry) int {
			return cmp.Or(cmp.Compare(a.Key, c.Key), cmp.Compare(a.unredacted, c.unredacted))
		})
		*list = append([]Entry{}, slices.Compact(*list)...) // none is [] in JSON
	}
	return b.Surface
}

// Digest returns "sha256:" and 64 hexadecimal digits, which are the same for the same
// configuration in another folder or on another machine.
func (s Surface) Digest() string {
	h := sha256.New()
	for i, list := range [...][]Entry{s.Executes, s.Writes, s.Reads, s.Sends} {
		for _, e := range list {
			_, _ = fmt.Fprintf(h, "%d %q %q\n", i, e.Key, e.unredacted) // a hash never fails
		}
	}
	return "sha256:" + hex.EncodeToString(h.Sum(nil))
}

// surfaceBuilder collects the parts of a Surface.
type surfaceBuilder struct {
	Surface
	folder, home string
}

// newEntry returns the entry of a setting whose value is not a path.
func newEntry(key, value string) Entry {
	shown := redact.NamedValue(lastName(key), value)
	inHeaders := strings.Contains(strings.ToLower(key), "headers.")
	isVariable := strings.Contains(key, ".env.") || strings.Contains(key, "."+environmentSection+".")
	isRandomVariable := isVariable && redact.LooksRandom(value)
	if shown == value && !redact.IsReference(value) && (inHeaders || isRandomVariable) {
		shown = redact.Value(value) // paths and words in an environment stay readable for the review
	}
	return Entry{Key: key, Value: shown, unredacted: value}
}

// lastName returns the last part of a dotted key.
func lastName(key string) string { return key[strings.LastIndexByte(key, '.')+1:] }

// newPathEntry returns the entry of a setting that names a file or folder.
func (b *surfaceBuilder) newPathEntry(key, path string) Entry {
	e := Entry{Key: key, Value: path, Outside: !IsWithin(path, b.folder)}
	if rel, err := filepath.Rel(b.folder, path); err == nil && !e.Outside {
		e.Value = "./" + filepath.ToSlash(rel)
		if rel == "." {
			e.Value = rel
		}
	} else if rest, ok := strings.CutPrefix(path, b.home+"/"); ok && b.home != "" {
		e.Value = "~/" + rest
	}
	e.unredacted = e.Value
	return e
}

// addServices adds what the services execute, and the hosts that other machines reach.
func (b *surfaceBuilder) addServices(cfg *config.Config) {
	for _, s := range cfg.Services {
		key := "services." + s.Name
		b.Executes = append(b.Executes, newEntry(key+".runtime", s.Runtime))
		if s.Host != "" && !hostname.IsLoopback(s.Host) {
			b.Sends = append(b.Sends, newEntry(key+".host", s.Host+" lets other machines in"))
		}
		if len(s.Command) > 0 {
			b.Executes = append(b.Executes, newEntry(key+".command", shellWords(s.Command)))
		}
		if s.Cwd != "" {
			e := b.newPathEntry(key+".cwd", s.Cwd)
			b.Executes = append(b.Executes, e)
		}
		for name, value := range s.Env {
			b.Executes = append(b.Executes, newEntry(key+".env."+name, value))
		}
		for name, p := range map[string]*config.Probe{
			"startup": s.Probes.Startup, "readiness": s.Probes.Readiness, "liveness": s.Probes.Liveness,
		} {
			if p != nil && len(p.Command) > 0 {
				b.Executes = append(b.Executes, newEntry(key+".probes."+name+".command", shellWords(p.Command)))
			}
		}
	}
}

// addPaths adds the files that are written and the files that secrets are read from.
func (b *surfaceBuilder) addPaths(cfg *config.Config) {
	b.Writes = append(b.Writes,
		b.newPathEntry("paths.runtime_dir", cfg.Paths.RuntimeDir),
		b.newPathEntry("paths.active_config", cfg.Paths.ActiveConfig),
		b.newPathEntry("paths.state_file", cfg.Paths.StateFile),
		b.newPathEntry("paths.log_file", cfg.Paths.LogFile))
	// The default path is not in the surface: it is the same in every installation.
	if f := cfg.CLIProxyConfigFile; f != "" && f != filepath.Join(cfg.Dir, "cliproxyapi.yaml") {
		b.Writes = append(b.Writes, b.newPathEntry("cliproxyapi_plus.config_file", f))
	}
	for _, file := range cfg.SecretFiles {
		b.addRead("secret_files", file)
	}
	for name, c := range cfg.Credentials {
		if c.File != "" {
			b.addRead("credentials.upstream."+name+".file", c.File)
		}
		if c.Env != "" {
			b.Reads = append(b.Reads, newEntry("credentials.upstream."+name+".env", c.Env))
		}
	}
}

// addRead adds a file that is read, unless it lies in the installation's own folder: such a
// file has the same author as the configuration.
func (b *surfaceBuilder) addRead(key, path string) {
	if e := b.newPathEntry(key, path); e.Outside {
		b.Reads = append(b.Reads, e)
	}
}

// addProviders adds all settings of sign-ins: addresses, commands, files.
func (b *surfaceBuilder) addProviders(cfg *config.Config) {
	for name, settings := range cfg.Providers {
		walkScalars("auth.providers."+name, settings, func(key string, value any) {
			e := newEntry(key, fmt.Sprint(value))
			if strings.Contains(lastName(key), "command") {
				b.Executes = append(b.Executes, e)
				return
			}
			b.Sends = append(b.Sends, e)
		})
	}
}

// walkScalars calls leaf for every scalar below value.
func walkScalars(key string, value any, leaf func(key string, value any)) {
	switch v := value.(type) {
	case map[string]any:
		for name, inner := range v {
			walkScalars(key+"."+name, inner, leaf)
		}
	case []any:
		for _, inner := range v {
			walkScalars(key, inner, leaf)
		}
	default:
		leaf(key, v)
	}
}

// shellWords joins words with spaces and quotes the words that a shell would split or expand.
func shellWords(words []string) string {
	quoted := make([]string, len(words))
	for i, w := range words {
		quoted[i] = w
		if w == "" || strings.ContainsAny(w, " \t\r\n'\"\\$`;&|<>()*?[]{}~#!") {
			quoted[i] = fmt.Sprintf("%q", w)
		}
	}
	return strings.Join(quoted, " ")
}
