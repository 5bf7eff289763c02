package deploy

import (
	"cmp"
	"encoding/json"
	"errors"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/terminal"
)

// States of a file that is compared with what the configuration makes.
const (
	Current  = "current"  // it is what the configuration makes
	Outdated = "outdated" // the configuration makes something else now, or this version of FlowGate does
	Edited   = "edited"   // somebody changed it after it was written
	Missing  = "missing"  // the configuration makes it, and it is not there
	Left     = "left"     // an earlier rendering wrote it, and the configuration makes none
)

// Renderer renders a deployment with the options that its folder was rendered with.
type Renderer func(options json.RawMessage) (Rendering, error)

// Comparison is a folder compared with what the configuration makes.
type Comparison struct {
	Kind   string       `json:"kind"`
	Folder string       `json:"folder"`
	Files  []FileResult `json:"files"`
}

// Check compares the folder dir with what the configuration makes. renderers are the renderers by the kind
// of deployment. Faults: deploy-folder-unreadable, deploy-folder-unknown, those of the renderer.
func Check(dir string, renderers map[string]Renderer) (Comparison, error) {
	f, err := openFolder(dir)
	if err != nil {
		return Comparison{}, err
	}
	defer func() { _ = f.root.Close() }()
	render := renderers[f.old.Kind]
	if render == nil {
		return Comparison{}, fault.Usage("deploy-folder-unknown",
			"%s has no %s of a deployment that this program renders", dir,
			IndexFile).WithHint("name the folder that was given to -out")
	}
	r, err := render(f.old.Options)
	if err != nil {
		return Comparison{}, err
	}
	c := Comparison{Kind: f.old.Kind, Folder: dir, Files: []FileResult{}}
	for _, file := range r.Files {
		c.Files = append(c.Files, FileResult{Path: file.Path, State: f.compare(file)})
	}
	for name := range f.old.Files {
		isRendered := slices.ContainsFunc(r.Files, func(file File) bool { return file.Path == name })
		if _, err := f.read(name); err == nil && !isRendered {
			c.Files = append(c.Files, FileResult{Path: name, State: Left})
		}
	}
	slices.SortFunc(c.Files, func(a, b FileResult) int { return cmp.Compare(a.Path, b.Path) })
	return c, nil
}

// compare returns the state of the file in the folder that the configuration makes as file.
func (f *folder) compare(file File) string {
	content, err := f.read(file.Path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return Missing
	case err == nil && content == file.Content && f.hasMode(file):
		return Current
	case err == nil && content != file.Content && f.isOurs(file.Path, content):
		return Outdated
	}
	return Edited
}

// hasMode reports whether a file can be executed as it should.
func (f *folder) hasMode(file File) bool {
	info, err := f.root.Stat(filepath.FromSlash(file.Path))
	return err == nil && info.Mode()&0o111 == file.Mode&0o111
}

// Err returns the fault deploy-differs unless every file is current.
func (c Comparison) Err() error {
	var differs []string
	for _, f := range c.Files {
		if f.State != Current {
			differs = append(differs, f.Path+" ("+f.State+")")
		}
	}
	if len(differs) == 0 {
		return nil
	}
	return fault.New("deploy-differs",
		"%s is not what the configuration makes: %s", c.Folder, strings.Join(differs, ", ")).
		WithHint("mage deploy:%s -out=%s writes the files again", c.Kind, c.Folder)
}

// Print implements report.Printed: each file that differs.
func (c Comparison) Print(p *terminal.Printer) {
	for _, f := range c.Files {
		if f.State != Current {
			p.Note(terminal.Bad, f.Path+": "+f.State)
		}
	}
	if c.Err() == nil {
		p.Note(terminal.Good, c.Folder+" is what the configuration makes")
	}
}
