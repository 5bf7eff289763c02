package deploy

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/flowgate-go/flowgate/internal/config"
)

// File is a file of a deployment. It holds no secret.
type File struct {
	Path    string      `json:"path"` // relative to the folder of the deployment, with slashes
	Mode    fs.FileMode `json:"-"`
	Content string      `json:"content,omitempty"`
}

// IndexFile is the file that says which files of a folder are FlowGate's, and how they were made.
const IndexFile = "flowgate-deploy.json"

// indexSchema is the version of the index's form.
const indexSchema = "flowgate.deploy/v1"

// Rendering is the files of one deployment.
type Rendering struct {
	Kind     string           // of the deployment: the target that renders it, without the namespace: "kubernetes"
	Options  any              // what the files depend on besides the configuration; a struct that JSON can express
	Files    []File           // without the index
	Warnings []config.Warning // about what is different there
	Next     []string         // what to do with the files, one command or sentence a line
}

// index is the content of IndexFile.
type index struct {
	Schema  string            `json:"schema"`
	Kind    string            `json:"kind"`
	Options json.RawMessage   `json:"options"`
	Files   map[string]string `json:"files"` // SHA-256 of each file's content, by path
}

// withIndex returns the files with the index of them, sorted by path.
func (r Rendering) withIndex() ([]File, error) {
	options, err := json.Marshal(r.Options)
	if err != nil {
		return nil, fmt.Errorf("encode the options of %s: %w", r.Kind, err)
	}
	i := index{Schema: indexSchema, Kind: r.Kind, Options: options, Files: map[string]string{}}
	for _, f := range r.Files {
		i.Files[f.Path] = digest(f.Content)
	}
	text, err := json.MarshalIndent(i, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("encode %s: %w", IndexFile, err)
	}
	all := append(slices.Clone(r.Files), File{Path: IndexFile, Mode: 0o644, Content: string(text) + "\n"})
	slices.SortFunc(all, func(a, b File) int { return strings.Compare(a.Path, b.Path) })
	return all, nil
}
