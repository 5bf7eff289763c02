// Package document reads a configuration whose values know where they stand. Parse
// returns the File and its top Section for a text, New for values that another package
// has read; a Section reads typed values by their keys.
//
// It never stops at the first wrong value: reading goes on with zero values. File.Problems
// has every error with its place, File.Err the first of them.
package document

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/config/yamlnode"
	"github.com/flowgate-go/flowgate/internal/fault"
)

// maxProblems is how many errors of one file are kept.
const maxProblems = 200

// invalid is the code of every error in a value.
const invalid = "settings-invalid"

// File is a configuration file that is being read.
type File struct {
	Warnings []config.Warning
	Problems []yamlnode.Problem

	path   string
	locate Locator
	getenv func(string) string
	pieces map[string][]piece // where the top-level values come from that included files have
}

// Place is where the user wrote a value.
type Place struct {
	File string
	Path string // dotted, as it is written there
	yamlnode.Pos
}

// Locator returns the place of the value at a path, or of the nearest one above it.
type Locator func(path []any) Place

// Section is one mapping of a file. The mapping may be absent.
type Section struct {
	file   *File
	path   []any // keys and indexes from the root
	values map[string]any
}

// New returns values, which were read from the named file, as a file. getenv resolves
// os.environ/NAME references.
func New(file string, values map[string]any, locate Locator, getenv func(string) string) (*File, Section) {
	f := &File{path: file, locate: locate, getenv: getenv}
	return f, Section{file: f, values: values}
}

// Parse parses text, the contents of the named file. getenv resolves os.environ/NAME
// references. Fault: settings-invalid, whose detail is yamlnode.Problems.
func Parse(file string, text []byte, getenv func(string) string) (*File, Section, error) {
	d := yamlnode.NewDiagnosis(file)
	d.Code = invalid
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

// AddVariables makes references see variables besides those of the environment.
// Empty ones do not count.
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
	f.FailWith(invalid, path, format, args...)
}

// FailWith is Fail with a code of its own. The same error is recorded once.
func (f *File) FailWith(code string, path []any, format string, args ...any) {
	at := f.Locate(path)
	problem := yamlnode.Problem{Code: code, File: at.File, Line: at.Line, Column: at.Column, Path: at.Path,
		Message: at.Path + ": " + fmt.Sprintf(format, args...)}
	if len(f.Problems) < maxProblems && !slices.Contains(f.Problems, problem) {
		f.Problems = append(f.Problems, problem)
	}
}

// Warn adds a warning about the value at path. That of an included file begins with its
// path and line, and has the line of include in this file.
func (f *File) Warn(code string, path []any, format string, args ...any) {
	at := f.Locate(path)
	message := fmt.Sprintf(format, args...)
	if at.File != f.path {
		message = fmt.Sprintf("%s:%d: %s", at.File, at.Line, message)
		at.Pos = f.locate([]any{"include"}).Pos
	}
	f.Warnings = append(f.Warnings,
		config.Warning{Code: code, File: f.path, Path: at.Path, Line: at.Line, Column: at.Column, Message: message})
}
