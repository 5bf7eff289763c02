package deploy

import (
	"fmt"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/terminal"
)

// Result is what a target of the namespace deploy reports of a rendering.
type Result struct {
	Kind     string           `json:"kind"`
	Folder   string           `json:"folder,omitempty"` // empty: nothing was written, and Files have their contents
	Files    []FileResult     `json:"files"`
	Warnings []config.Warning `json:"warnings,omitempty"`
	Next     []string         `json:"next,omitempty"` // what to do now
}

// FileResult is one file of a Result.
type FileResult struct {
	Path    string `json:"path"`
	Mode    string `json:"mode,omitempty"`  // octal digits: "0644"
	State   string `json:"state,omitempty"` // one of the constants of this package; empty when nothing was written
	Content string `json:"content,omitempty"`
}

// result returns the result without its files.
func (r Rendering) result(dir string) Result {
	return Result{Kind: r.Kind, Folder: dir, Files: []FileResult{}, Warnings: r.Warnings, Next: r.Next}
}

// Show returns the rendering with its contents, which nothing has been written of.
func (r Rendering) Show() (Result, error) {
	files, err := r.withIndex()
	result := r.result("")
	for _, f := range files {
		result.Files = append(result.Files, FileResult{Path: f.Path, Mode: f.mode(), Content: f.Content})
	}
	return result, err
}

// mode returns a file's mode in octal digits.
func (f File) mode() string { return fmt.Sprintf("%04o", f.Mode.Perm()) }

// add adds a file and its state.
func (r *Result) add(f File, state string) {
	file := FileResult{Path: f.Path, State: state}
	if f.Mode != 0 {
		file.Mode = f.mode()
	}
	r.Files = append(r.Files, file)
}

// Print implements report.Printed: the files' contents, or what was written, and what to do with it.
func (r Result) Print(p *terminal.Printer) {
	for _, w := range r.Warnings {
		w.Print(p, "")
	}
	for _, f := range r.Files {
		if r.Folder == "" {
			p.Line(0, terminal.Span{Text: "# " + f.Path, Tone: terminal.Strong})
			p.Block(0, f.Content)
			continue
		}
		p.Line(2, terminal.Span{Text: f.Path, Tone: terminal.Strong}, terminal.Span{Text: "  " + f.State})
	}
	if r.Folder == "" {
		return
	}
	p.Note(terminal.Good, "the files are in "+r.Folder)
	for _, line := range r.Next {
		p.Command(2, line)
	}
}
