package config

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/flowgate-go/flowgate/internal/config/schema"
	"github.com/flowgate-go/flowgate/internal/config/yamlnode"
	"github.com/flowgate-go/flowgate/internal/program"
)

// resolver turns a document of any version into cfg. It adds the problems that it finds
// to d, with their places in root.
type resolver struct {
	d      *yamlnode.Diagnosis
	root   *yamlnode.Node
	getenv func(string) string
	cfg    *Config
}

// resolve fills in the configuration by the rules of its version.
func (r *resolver) resolve() {
	switch r.cfg.Version {
	case 1, 2:
		if r.cfg.Version == 1 {
			r.d.Warn("config-version-old", "config_version", r.root.PosOf("config_version"),
				"version 1 is old; `mage config:migrate` rewrites it as version 2")
		}
		upstream := r.findUpstreamKey()
		doc := r.decodeVersion1Or2(upstream)
		r.resolveVersion2(doc, upstream)
		r.resolveOldProviders()
		r.resolveProviders("auth", "providers")
		r.resolveOldSecrets(doc.Secrets)
		r.addSecretFiles("secret_files", doc.SecretFiles)
	default:
		var doc schema.DocumentV3
		schema.DecodeDocument(r.d, r.root, &doc)
		r.resolveVersion3(doc)
		r.resolveOldProviders()
		r.resolveProviders("auth", "providers")
		r.resolveOldSecrets(doc.Secrets)
		r.addSecretFiles("secret_files", doc.SecretFiles)
	}
}

// resolveVersion2 resolves the keys that versions 1 and 2 share; upstream is the key that
// the file has for the service cliproxyapi_plus.
func (r *resolver) resolveVersion2(doc schema.DocumentV2, upstream string) {
	r.cfg.Paths = Paths{
		RuntimeDir:   r.resolvePath(doc.Paths.RuntimeDir, "paths", "runtime_dir"),
		ActiveConfig: r.resolvePath(doc.Paths.ActiveConfig, "paths", "active_config"),
		StateFile:    r.resolvePath(doc.Paths.StateFile, "paths", "state_file"),
		LogFile:      r.resolvePath(doc.Paths.LogFile, "paths", "log_file"),
	}
	r.cfg.Usage = resolveUsage(doc.Usage)
	r.cfg.Base, r.cfg.Profiles, r.cfg.Integration = doc.Base, doc.Profiles, Integration{
		doc.Integration.DefaultModel, doc.Integration.FastModel, bool(doc.Integration.RestoreOnStop),
	}
	if beside := filepath.Join(r.cfg.Dir, "cliproxyapi.yaml"); isFile(beside) {
		r.cfg.CLIProxyConfigFile = beside
	}
	r.resolveServices(doc.Services, upstream)
	r.findCLIProxyFile()
	r.resolveCredentials(doc.Credentials.Upstream)
	r.checkFragments()
}

// findCLIProxyFile fills in the configuration file that the upstream's own command
// names, if it names one, because the server reads that file and no other.
func (r *resolver) findCLIProxyFile() {
	svc, ok := r.cfg.Service(CLIProxy)
	if !ok || svc.Runtime != RuntimeCommand {
		return
	}
	for i, arg := range svc.Command {
		name, file, hasValue := strings.Cut(strings.TrimPrefix(arg, "-"), "=")
		if i == 0 || name != "-config" && (name != "config" || arg[0] != '-') {
			continue
		}
		if !hasValue && i+1 < len(svc.Command) {
			file = svc.Command[i+1]
		}
		if file != "" && !strings.Contains(file, "$") {
			if !filepath.IsAbs(file) {
				file = filepath.Join(svc.Cwd, file)
			}
			if isFile(file) {
				r.cfg.CLIProxyConfigFile = filepath.Clean(file)
			}
			return
		}
	}
}

// resolveOldProviders reads oauth, the old place of auth.providers. Where both name a
// provider, auth.providers counts.
func (r *resolver) resolveOldProviders() {
	f, ok := r.root.Field("oauth")
	if !ok {
		return
	}
	r.warnRenamed("oauth", f.At, program.Text("oauth has moved to auth.providers; `mage config:migrate` moves it"))
	r.resolveProviders("oauth")
	current, _ := r.root.Lookup("auth", "providers")
	for _, p := range f.Value.Fields {
		if _, hasNew := current.Value.Field(p.Key); hasNew {
			r.d.Warn("key-ignored", "oauth."+p.Key, p.At, "oauth.%s has no effect: auth.providers.%s is there too", p.Key, p.Key)
		}
	}
}

// addSecretFiles adds files that hold secrets; key is the key under which they are listed.
func (r *resolver) addSecretFiles(key string, files []string) {
	for _, file := range files {
		r.cfg.SecretFiles = append(r.cfg.SecretFiles, r.resolvePath(file, key))
	}
}

// resolvePath makes p absolute: ~ is the home folder, ${NAME} an environment
// variable, and a relative path starts at the configuration file's folder.
func (r *resolver) resolvePath(p string, keys ...string) string {
	if p == "" {
		return ""
	}
	expanded := p
	if strings.Contains(p, "${") {
		expanded = os.Expand(p, func(name string) string {
			value := r.getenv(name)
			if value == "" {
				r.d.Add(r.root.PosOf(keys...), strings.Join(keys, "."), "set it, or write the path out",
					"environment variable %s, used in the path %q, is not set", name, p)
			}
			return value
		})
	}
	if rest, ok := strings.CutPrefix(expanded, "~"); ok && (rest == "" || rest[0] == '/') {
		home := r.getenv("HOME")
		if home == "" {
			r.d.Add(r.root.PosOf(keys...), strings.Join(keys, "."), "write the path out",
				"HOME is not set, so ~ in %q has no meaning", p)
		}
		expanded = home + rest
	}
	if filepath.IsAbs(expanded) {
		return filepath.Clean(expanded)
	}
	return filepath.Join(r.cfg.Dir, expanded)
}

// isFile reports whether path is a regular file.
func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

// ProfileNames returns the profiles' names in alphabetical order.
func (c *Config) ProfileNames() []string {
	return slices.Sorted(maps.Keys(c.Profiles))
}

// DefaultProfile returns the profile to use when none was ever chosen: "balanced"
// when there is one, else the first by name, "" in version 3.
func (c *Config) DefaultProfile() string {
	if _, ok := c.Profiles["balanced"]; ok {
		return "balanced"
	}
	if names := c.ProfileNames(); len(names) > 0 {
		return names[0]
	}
	return ""
}
