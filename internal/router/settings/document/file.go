// Package document reads a configuration and knows the place of each value in it. Parse
// returns the File and its top Section for a text, New for values that another package
// has read. A Section reads typed values by their keys.
//
// It never stops at the first wrong value: reading goes on with zero values. File.Problems
// has the errors with their places, File.Err returns the first of them.
package document

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/config/yamlnode"
	"github.com/flowgate-go/flowgate/internal/fault"
)

// maxProblems is the largest number of errors that are kept for one file.
const maxProblems = 200

// invalidCode is the fault code of an error in a value.
const invalidCode = "settings-invalid"

// File is a configuration file that is being read.
type File struct {
	Warnings []config.Warning
	Problems []yamlnode.Problem

	path   string
	locate Locator
	getenv func(string) string
	pieces map[string][]piece // the origins of top-level values that included files have
	warned map[config.Warning]bool
}

// Place says where the user wrote a value.
type Place struct {
	File string
	Path string // the dotted path of the value in that file
	yamlnode.Pos
}

// Locator returns the place of the value at a path, or of the nearest one above it.
type Locator func(path []any) Place

// Section is one mapping of a file. It is empty when the mapping is absent.
type Section struct {
	file   *File
	path   []any // keys and indexes from the root
	values map[string]any
}

// New returns a file with values that have been read from it, and its top section. getenv
// resolves os.environ/NAME references.
func New(file string, values map[string]any, locate Locator, getenv func(string) string) (*File, Section) {
	f := &File{path: file, locate: locate, getenv: getenv}
	return f, Section{file: f, values: values}
}

// Parse parses text, the contents of the named file. getenv resolves os.environ/NAME
// references. Fault: settings-invalid, whose detail is yamlnode.Problems.
func Parse(file string, text []byte, getenv func(string) string) (*File, Section, error) {
	d := yamlnode.NewDiagnosis(file)
	d.Code = invalidCode
	root := yamlnode.ParseLong(d, bytes.TrimPrefix(text, []byte("\xef\xbb\xbf")))
	if err := d.Err(); err != nil {
		return nil, Section{}, err
	}
	values, _ := root.GoValue().(map[string]any)
	f, top := New(file, values, LocateIn(file, root), getenv)
	return f, top, nil
}

// LocateIn returns the Locator of a file that was parsed as root.
func LocateIn(file string, root *yamlnode.Node) Locator {
	return func(path []any) Place {
		at, _ := root.Locate(path)
		return Place{File: file, Path: yamlnode.Dotted(path), Pos: at}
	}
}

// Err returns the first error that Fail recorded.
func (f *File) Err() error {
	if len(f.Problems) == 0 {
		return nil
	}
	p := f.Problems[0]
	return fault.Usage(p.Code, "%s:%d:%d: %s", p.File, p.Line, p.Column, p.Message).WithHint("%s", p.Hint).
		WithDetail(yamlnode.Problems{Problems: f.Problems})
}

// Getenv returns the value of an environment variable as references see it.
func (f *File) Getenv(name string) string { return f.getenv(name) }

// AddVariables lets references see variables before those of the environment. Empty ones
// do not count.
func (f *File) AddVariables(variables map[string]string) {
	outer := f.getenv
	f.getenv = func(name string) string {
		if value := variables[name]; value != "" {
			return value
		}
		return outer(name)
	}
}

// Fail records an error in the value at path.
func (f *File) Fail(path []any, format string, args ...any) {
	f.FailWith(invalidCode, path, format, args...)
}

// FailWith is Fail with another fault code. The same error is recorded only once.
func (f *File) FailWith(code string, path []any, format string, args ...any) {
	at := f.Locate(path)
	problem := yamlnode.Problem{Code: code, File: at.File, Line: at.Line, Column: at.Column, Path: at.Path,
		Message: at.Path + ": " + fmt.Sprintf(format, args...)}
	if len(f.Problems) < maxProblems && !slices.Contains(f.Problems, problem) {
		f.Problems = append(f.Problems, problem)
	}
}

// Warn adds a warning about the value at path. For a value in an included file, the
// message begins with the path and line there, and the place is that of include here.
func (f *File) Warn(code string, path []any, format string, args ...any) {
	at := f.Locate(path)
	message := fmt.Sprintf(format, args...)
	if at.File != f.path {
		message = fmt.Sprintf("%s:%d: %s", at.File, at.Line, message)
		at.Pos = f.locate([]any{"include"}).Pos
	}
	w := config.Warning{Code: code, File: f.path, Path: at.Path, Line: at.Line, Column: at.Column, Message: message}
	if f.warned == nil {
		f.warned = map[config.Warning]bool{}
	}
	if !f.warned[w] { // a value may be read several times
		f.warned[w] = true
		f.Warnings = append(f.Warnings, w)
	}
}
