package cliproxy

import (
	"crypto/subtle"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"

	"github.com/flowgate-go/flowgate/internal/nesting"
	"github.com/flowgate-go/flowgate/internal/safefile"
)

// File is the part of CLIProxyAPI's configuration file that FlowGate reads. It holds
// keys: never print it.
type File struct {
	Host    string   `yaml:"host"` // "" listens on every address
	Port    int      `yaml:"port"`
	AuthDir string   `yaml:"auth-dir"` // as written; see Folder
	APIKeys []string `yaml:"api-keys"` // the keys of clients; without any the server accepts every client
	Manage  struct {
		Secret      string `yaml:"secret-key"` // plain, or the bcrypt hash that the server puts in its place
		AllowRemote bool   `yaml:"allow-remote"`
		NoPanel     bool   `yaml:"disable-control-panel"` // false: the server downloads and serves a web page
	} `yaml:"remote-management"`
	Debug      bool `yaml:"debug"`
	RequestLog bool `yaml:"request-log"` // writes requests with their contents
	// PassthroughHeaders is whether clients get the providers' headers, rate limits among them.
	PassthroughHeaders bool `yaml:"passthrough-headers"`
	Pprof              struct {
		Enable bool `yaml:"enable"`
	} `yaml:"pprof"`

	Codex         []keyEntry `yaml:"codex-api-key"`
	Claude        []keyEntry `yaml:"claude-api-key"`
	Gemini        []keyEntry `yaml:"gemini-api-key"`
	Compatibility []keyEntry `yaml:"openai-compatibility"`
}

// keyEntry is an account with an API key, and the models that it names.
type keyEntry struct {
	Prefix string `yaml:"prefix"`
	Models []struct {
		Name  string `yaml:"name"`
		Alias string `yaml:"alias"`
	} `yaml:"models"`
}

// ReadFile reads the configuration file of a CLIProxyAPI.
func ReadFile(path string) (File, error) {
	var f File
	text, err := safefile.Read(path, safefile.DocumentLimit)
	if err != nil {
		return f, err
	}
	if err := nesting.CheckLongYAML(text); err != nil {
		return f, fmt.Errorf("%s: %w", path, err)
	}
	if err := yaml.Unmarshal(text, &f); err != nil {
		return f, fmt.Errorf("%s: %s", path, stripQuotes(err))
	}
	return f, nil
}

// stripQuotes returns the parser's message without the parts that it quotes from the
// file, which holds keys: the lines after the first, and text in quotation marks.
func stripQuotes(err error) string {
	line, _, _ := strings.Cut(err.Error(), "\n")
	parts := strings.Split(line, `"`)
	for i := 1; i < len(parts); i += 2 {
		parts[i] = "…"
	}
	return strings.Join(parts, `"`)
}

// Accepts reports whether the server accepts a client's key; without any api-keys it
// accepts every key.
func (f File) Accepts(key string) bool {
	if len(f.APIKeys) == 0 {
		return true
	}
	isKnown := 0 // 1 when a key is the same
	for _, known := range f.APIKeys {
		isKnown |= subtle.ConstantTimeCompare([]byte(known), []byte(key))
	}
	return isKnown == 1
}

// Models returns the models that the accounts with API keys name. Only the running
// server knows those of accounts that were signed in.
func (f File) Models() map[string]bool {
	names := map[string]bool{}
	for _, list := range [...][]keyEntry{f.Codex, f.Claude, f.Gemini, f.Compatibility} {
		for _, entry := range list {
			for _, m := range entry.Models {
				for _, name := range [...]string{m.Name, m.Alias} {
					names[name] = true
					names[entry.Prefix+"/"+name] = true
				}
			}
		}
	}
	return names
}

// NamesModels reports whether Models is complete for the accounts with API keys: there
// are some, and each names its models. One that names none offers all models of its
// provider.
func (f File) NamesModels() bool {
	entries := slices.Concat(f.Codex, f.Claude, f.Gemini, f.Compatibility)
	return len(entries) > 0 && !slices.ContainsFunc(entries, func(e keyEntry) bool { return len(e.Models) == 0 })
}

// Folder returns the folder that CLIProxyAPI loads credential files from: auth-dir,
// with ~ for home, or the default ~/.cli-proxy-api. A relative one is relative to dir,
// the folder that the server is started in.
func (f File) Folder(home, dir string) string {
	folder := f.AuthDir
	if folder == "" {
		folder = "~/.cli-proxy-api"
	}
	if rest, ok := strings.CutPrefix(folder, "~"); ok {
		return filepath.Join(home, rest)
	}
	if !filepath.IsAbs(folder) {
		return filepath.Join(dir, folder)
	}
	return filepath.Clean(folder)
}
