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
	"github.com/flowgate-go/flowgate/internal/secret/redact"
)

// Surface is what a configuration has FlowGate do that could harm its user:
// what it executes, where it writes, which files of others it reads, and where
// it sends keys.
type Surface struct {
	Executes []Entry `json:"executes"`
	Writes   []Entry `json:"writes"`
	Reads    []Entry `json:"reads"` // files outside of the installation's own folder, variables with keys
	Sends    []Entry `json:"sends"` // sign-in addresses, those that get a key that the configuration refers to, hosts that other machines reach
}

// Entry is one setting of a Surface.
type Entry struct {
	Key     string `json:"key"`               // of the configuration: "services.litellm.command"
	Value   string `json:"value"`             // paths relative to the installation's folder or home; secrets shortened
	Outside bool   `json:"outside,omitempty"` // a path outside of the installation's own folder

	whole string // Value with its secrets, for the digest
}

// Folder returns the folder that an installation may regard as its own: the one that
// holds config/flowgate.yaml or flowgate.yaml, or the working folder without a file.
func Folder(cfg *config.Config) string {
	if cfg.File != "" && filepath.Base(cfg.Dir) == "config" {
		return filepath.Dir(cfg.Dir)
	}
	return cfg.Dir
}

// SurfaceOf lists what a configuration executes, writes, reads and sends.
func SurfaceOf(cfg *config.Config, home string) Surface {
	b := surfaceBuilder{own: Folder(cfg), home: home}
	b.services(cfg)
	b.paths(cfg)
	b.providers(cfg)
	b.model("litellm_base", cfg.Base, false)
	for _, name := range slices.Sorted(maps.Keys(cfg.Profiles)) {
		b.model("profiles."+name, cfg.Profiles[name], false)
	}
	for _, list := range []*[]Entry{&b.Executes, &b.Writes, &b.Reads, &b.Sends} {
		slices.SortFunc(*list, func(a, c Entry) int { return cmp.Or(cmp.Compare(a.Key, c.Key), cmp.Compare(a.whole, c.whole)) })
		*list = append([]Entry{}, slices.Compact(*list)...) // none is [] in JSON
	}
	return b.Surface
}

// Digest names the surface: "sha256:" and 64 hexadecimal digits. It is the same
// for the same configuration in another folder or on another machine.
func (s Surface) Digest() string {
	h := sha256.New()
	for i, list := range [...][]Entry{s.Executes, s.Writes, s.Reads, s.Sends} {
		for _, e := range list {
			_, _ = fmt.Fprintf(h, "%d %q %q\n", i, e.Key, e.whole) // a hash never fails
		}
	}
	return "sha256:" + hex.EncodeToString(h.Sum(nil))
}

// surfaceBuilder collects the parts of a Surface.
type surfaceBuilder struct {
	Surface
	own, home string
}

// entry returns a setting with a value that is no path.
func entry(key, value string) Entry {
	shown := redact.NamedValue(lastOf(key), value)
	inHeaders := strings.Contains(strings.ToLower(key), "headers.")
	if shown == value && !redact.IsReference(value) && (inHeaders || strings.Contains(key, ".env.") && redact.LooksRandom(value)) {
		shown = redact.Value(value) // paths and words of an environment stay: they are what is to be reviewed
	}
	return Entry{Key: key, Value: shown, whole: value}
}

func lastOf(key string) string { return key[strings.LastIndexByte(key, '.')+1:] }

// path returns a setting that names a file or folder.
func (b *surfaceBuilder) path(key, path string) Entry {
	e := Entry{Key: key, Value: path, Outside: !IsWithin(path, b.own)}
	if rel, err := filepath.Rel(b.own, path); err == nil && !e.Outside {
		e.Value = "./" + filepath.ToSlash(rel)
		if rel == "." {
			e.Value = rel
		}
	} else if rest, ok := strings.CutPrefix(path, b.home+"/"); ok && b.home != "" {
		e.Value = "~/" + rest
	}
	e.whole = e.Value
	return e
}

func (b *surfaceBuilder) services(cfg *config.Config) {
	for _, s := range cfg.Services {
		key := "services." + s.Name
		b.Executes = append(b.Executes, entry(key+".runtime", s.Runtime))
		if !isLoopback(s.Host) {
			b.Sends = append(b.Sends, entry(key+".host", s.Host+" lets other machines in"))
		}
		if len(s.Command) > 0 {
			b.Executes = append(b.Executes, entry(key+".command", shellWords(s.Command)))
		}
		if s.Cwd != "" {
			e := b.path(key+".cwd", s.Cwd)
			b.Executes = append(b.Executes, e)
		}
		for name, value := range s.Env {
			b.Executes = append(b.Executes, entry(key+".env."+name, value))
		}
		for name, p := range map[string]*config.Probe{"startup": s.Probes.Startup, "readiness": s.Probes.Readiness, "liveness": s.Probes.Liveness} {
			if p != nil && len(p.Command) > 0 {
				b.Executes = append(b.Executes, entry(key+".probes."+name+".command", shellWords(p.Command)))
			}
		}
	}
}

func (b *surfaceBuilder) paths(cfg *config.Config) {
	b.Writes = append(b.Writes,
		b.path("paths.runtime_dir", cfg.Paths.RuntimeDir), b.path("paths.active_config", cfg.Paths.ActiveConfig),
		b.path("paths.state_file", cfg.Paths.StateFile), b.path("paths.log_file", cfg.Paths.LogFile))
	if f := cfg.CLIProxyConfigFile; f != "" && f != filepath.Join(cfg.Dir, "cliproxyapi.yaml") { // which need not be there
		b.Writes = append(b.Writes, b.path("cliproxyapi_plus.config_file", cfg.CLIProxyConfigFile))
	}
	for _, file := range cfg.SecretFiles {
		b.read("secret_files", file)
	}
	for name, c := range cfg.Credentials {
		if c.File != "" {
			b.read("credentials.upstream."+name+".file", c.File)
		}
		if c.Env != "" {
			b.Reads = append(b.Reads, entry("credentials.upstream."+name+".env", c.Env))
		}
	}
}

// read notes a file that is read. One in the installation's own folder is as
// much the configuration's as the configuration itself.
func (b *surfaceBuilder) read(key, path string) {
	if e := b.path(key, path); e.Outside {
		b.Reads = append(b.Reads, e)
	}
}

// providers notes all settings of sign-ins: addresses, commands, files.
func (b *surfaceBuilder) providers(cfg *config.Config) {
	for name, settings := range cfg.Providers {
		walk("auth.providers."+name, settings, func(key string, value any) {
			e := entry(key, fmt.Sprint(value))
			if strings.Contains(lastOf(key), "command") {
				b.Executes = append(b.Executes, e)
				return
			}
			b.Sends = append(b.Sends, e)
		})
	}
}

// walk calls leaf for every scalar below value.
func walk(key string, value any, leaf func(key string, value any)) {
	switch v := value.(type) {
	case map[string]any:
		for name, inner := range v {
			walk(key+"."+name, inner, leaf)
		}
	case []any:
		for _, inner := range v {
			walk(key, inner, leaf)
		}
	default:
		leaf(key, v)
	}
}

// shellWords returns words as a shell would read them, where that is short to say.
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
