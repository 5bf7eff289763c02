package doctor

import (
	"crypto/subtle"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/goccy/go-yaml"

	"github.com/flowgate-go/flowgate/internal/regular"
)

// upstreamFile is what FlowGate has to know of CLIProxyAPI's own configuration;
// its other keys are its own business. It holds keys: never print it.
type upstreamFile struct {
	Host    string   `yaml:"host"`
	Port    int      `yaml:"port"`
	AuthDir string   `yaml:"auth-dir"`
	APIKeys []string `yaml:"api-keys"`
	Manage  struct {
		Secret      string `yaml:"secret-key"`
		AllowRemote bool   `yaml:"allow-remote"`
	} `yaml:"remote-management"`
	Codex         []upstreamModels `yaml:"codex-api-key"`
	Claude        []upstreamModels `yaml:"claude-api-key"`
	Gemini        []upstreamModels `yaml:"gemini-api-key"`
	Compatibility []upstreamModels `yaml:"openai-compatibility"`

	path string
}

// upstreamModels is a list of models that an entry with an API key offers.
type upstreamModels struct {
	Prefix string `yaml:"prefix"`
	Models []struct {
		Name  string `yaml:"name"`
		Alias string `yaml:"alias"`
	} `yaml:"models"`
}

func readUpstreamFile(path string) (upstreamFile, error) {
	u := upstreamFile{path: path}
	if path == "" {
		return u, fmt.Errorf("no configuration file of CLIProxyAPI is known: %w", os.ErrNotExist)
	}
	text, err := regular.Read(path)
	if err != nil {
		return u, err
	}
	if err := yaml.Unmarshal(text, &u); err != nil {
		return u, fmt.Errorf("%s", firstLine(err))
	}
	return u, nil
}

// firstLine is an error of the YAML library without the source that it quotes:
// that may hold a key.
func firstLine(err error) string {
	line, _, _ := strings.Cut(err.Error(), "\n")
	return line
}

// upstreamIfReal is the file when CLIProxyAPI itself is the upstream; its path
// is empty when it is not, or when no file is known.
func (s *subject) upstreamIfReal() (upstreamFile, error) {
	if _, real := s.real(); !real || s.cfg.CLIProxyConfigFile == "" {
		return upstreamFile{}, nil
	}
	return s.upstream()
}

// accepts reports whether key is one of the keys that clients may present.
func (u upstreamFile) accepts(key string) bool {
	ok := 0
	for _, known := range u.APIKeys {
		ok |= subtle.ConstantTimeCompare([]byte(known), []byte(key))
	}
	return ok == 1
}

// folder is where CLIProxyAPI loads credentials from.
func (u upstreamFile) folder(home string) string {
	dir := u.AuthDir
	if dir == "" {
		dir = "~/.cli-proxy-api" // its default
	}
	if rest, ok := strings.CutPrefix(dir, "~"); ok {
		dir = filepath.Join(home, rest)
	}
	return filepath.Clean(dir)
}

// models are the names that entries with an API key offer by themselves.
func (u upstreamFile) models() map[string]bool {
	names := map[string]bool{}
	for _, list := range [...][]upstreamModels{u.Codex, u.Claude, u.Gemini, u.Compatibility} {
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
