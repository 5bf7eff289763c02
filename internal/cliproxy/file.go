package cliproxy

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/goccy/go-yaml"

	"github.com/flowgate-go/flowgate/internal/regular"
)

// File is what FlowGate has to know of CLIProxyAPI's own configuration file.
type File struct {
	AuthDir string `yaml:"auth-dir"` // as written; see Folder
}

// ReadFile reads the configuration file of a CLIProxyAPI.
func ReadFile(path string) (File, error) {
	var f File
	text, err := regular.Read(path)
	if err != nil {
		return f, err
	}
	if err := yaml.Unmarshal(text, &f); err != nil {
		line, _, _ := strings.Cut(err.Error(), "\n") // the lines after it quote the file, which holds keys
		return f, fmt.Errorf("%s: %s", path, line)
	}
	return f, nil
}

// Folder is where CLIProxyAPI loads credential files from: auth-dir, with ~ for
// home, or its default ~/.cli-proxy-api. A relative one counts from dir, the
// folder that the server is started in.
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
