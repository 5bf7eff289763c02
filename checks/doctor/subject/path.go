package subject

import (
	"os"
	"path/filepath"
	"strings"

	"github.com/samber/lo"

	"github.com/flowgate-go/flowgate/checks"
	"github.com/flowgate-go/flowgate/internal/trust"
)

// FileDetail is the detail of a check about the configuration file.
type FileDetail struct {
	File    string `json:"file"`
	Version int    `json:"version,omitempty"`
	checks.Note
}

// PathsDetail is the detail of a check about files or folders.
type PathsDetail struct {
	checks.Note
	Paths []string `json:"paths"`
}

// KeyFiles returns the files that hold keys and that the configuration names.
func (s *Subject) KeyFiles() []string {
	all, _ := filepath.Glob(filepath.Join(s.Config.Paths.Secrets(), "*.key"))
	all = append(all, s.Config.Paths.ActiveConfig)
	if s.Config.CLIProxyConfigFile != "" {
		all = append(all, s.Config.CLIProxyConfigFile)
	}
	for _, c := range s.Config.Credentials {
		if c.File != "" {
			all = append(all, c.File)
		}
	}
	all = append(all, s.Config.SecretFiles...)
	return lo.Uniq(all)
}

// Exists reports whether there is anything at path, links not followed.
func Exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// Folders returns the folders that FlowGate keeps its own files in.
func (s *Subject) Folders() []string {
	p := s.Config.Paths
	all := []string{p.RuntimeDir, p.ProcessLogs(), p.Secrets(), p.Auths()}
	if filepath.Base(p.Root()) == ".router" { // else it may be a folder with other files, such as a home
		all = append([]string{p.Root()}, all...)
	}
	return all
}

// OwnsPath reports whether a path lies in the installation's own folder, links
// followed: -fix touches nothing else, whatever the configuration names. The
// folder of its state may be a link to another disk.
func (s *Subject) OwnsPath(path string) bool {
	real := trust.RealPath(path)
	if trust.IsWithin(real, trust.RealPath(trust.Folder(s.Config))) {
		return true
	}
	root := s.Config.Paths.Root()
	return trust.IsWithin(root, trust.Folder(s.Config)) && trust.IsWithin(real, trust.RealPath(root)) &&
		trust.CheckOwner(root) == nil
}

// ShortPath returns the path relative to the working folder when that is shorter.
func (s *Subject) ShortPath(path string) string {
	if rel, err := filepath.Rel(s.Cwd, path); err == nil && len(rel) < len(path) {
		return rel
	}
	return path
}

// ShortPaths returns the paths as ShortPath does, with commas between them.
func (s *Subject) ShortPaths(paths []string) string {
	return strings.Join(lo.Map(paths, func(p string, _ int) string { return s.ShortPath(p) }), ", ")
}
