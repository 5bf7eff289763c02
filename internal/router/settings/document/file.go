// Package document reads a YAML configuration file whose values know where they
// stand. Parse returns the File and its top Section; a Section reads typed values by
// their keys.
//
// It never stops at the first wrong value: reading goes on with zero values, and
// File.Err tells the first error with its line and column.
package document

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/nesting"
)

// File is a parsed configuration file.
type File struct {
	Warnings []config.Warning

	path   string
	root   ast.Node
	getenv func(string) string
	pieces map[string][]piece // where the top-level values come from that included files have
	err    error
}

// Section is one mapping of a file. The mapping may be absent.
type Section struct {
	file   *File
	path   []any // keys and indexes from the root
	values map[string]any
}

// Parse parses text, the contents of the named file. getenv resolves os.environ/NAME
// references. Fault: settings-invalid.
func Parse(file string, text []byte, getenv func(string) string) (*File, Section, error) {
	if err := nesting.CheckLongYAML(text); err != nil {
		return nil, Section{}, fault.Usage("settings-invalid", "%s: %w", file, err)
	}
	tree, err := parser.ParseBytes(text, 0)
	if err != nil {
		return nil, Section{}, yamlFault(file, err)
	}
	f := &File{path: file, getenv: getenv}
	var top any
	for _, body := range tree.Docs {
		if body.Body == nil {
			continue
		}
		if f.root != nil {
			return nil, Section{}, fault.Usage("settings-invalid", "%s holds more than one YAML document", file)
		}
		f.root = body.Body
		if err := yaml.NodeToValue(body.Body, &top); err != nil {
			return nil, Section{}, yamlFault(file, err)
		}
	}
	values, ok := top.(map[string]any)
	if !ok {
		return nil, Section{}, fault.Usage("settings-invalid",
			"%s:1:1: expected a mapping with model_list and general_settings", file).
			WithHint("write it with: mage profile:set NAME")
	}
	return f, Section{file: f, values: values}, nil
}

// yamlFault returns goccy's error, which has an excerpt of the file, as one line.
func yamlFault(file string, err error) error {
	var at string
	if syntax, ok := errors.AsType[yaml.Error](err); ok && syntax.GetToken() != nil {
		p := syntax.GetToken().Position
		return fault.Usage("settings-invalid", "%s:%d:%d: %s", file, p.Line, p.Column, syntax.GetMessage())
	}
	at, _, _ = strings.Cut(err.Error(), "\n")
	return fault.Usage("settings-invalid", "%s: %s", file, at)
}

// Err returns the first error that Fail recorded.
func (f *File) Err() error { return f.err }

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

// Fail records an error in the value at path, unless an earlier one is recorded.
func (f *File) Fail(path []any, format string, args ...any) {
	if f.err != nil {
		return
	}
	at, inner := f.locate(path)
	line, column := at.position(inner)
	f.err = fault.Usage("settings-invalid", "%s:%d:%d: %s: %s", at.path, line, column, dotted(inner),
		fmt.Sprintf(format, args...))
}

// Warn adds a warning about the value at path. That of an included file begins with its
// path and line, and has the line of include in this file.
func (f *File) Warn(code string, path []any, format string, args ...any) {
	at, inner := f.locate(path)
	line, _ := at.position(inner)
	message := fmt.Sprintf(format, args...)
	if at.path != f.path {
		message = fmt.Sprintf("%s:%d: %s", at.path, line, message)
		line, _ = source{f.path, f.root}.position([]any{"include"})
	}
	f.Warnings = append(f.Warnings, config.Warning{Code: code, Path: dotted(inner), Line: line, Message: message})
}

// dotted returns a path as people write it: model_list[3].litellm_params.model.
func dotted(path []any) string {
	var b strings.Builder
	for _, p := range path {
		switch p := p.(type) {
		case int:
			fmt.Fprintf(&b, "[%d]", p)
		case string:
			if b.Len() > 0 {
				b.WriteByte('.')
			}
			b.WriteString(p)
		}
	}
	return b.String()
}

// position returns where the value at path stands, or the last part of the path that
// the tree has: a value may come from an alias.
func (s source) position(path []any) (line, column int) {
	node := s.root
	at := node.GetToken().Position
	for _, p := range path {
		next := child(node, p)
		if next == nil {
			break
		}
		node = next
		if pair, ok := node.(*ast.MappingValueNode); ok {
			at = pair.Key.GetToken().Position
			node = pair.Value
			continue
		}
		at = startOf(node)
	}
	return at.Line, at.Column
}

// child returns the value or pair under p, a key or an index; nil when there is none.
func child(node ast.Node, p any) ast.Node {
	if anchor, ok := node.(*ast.AnchorNode); ok {
		node = anchor.Value
	}
	switch p := p.(type) {
	case int:
		if list, ok := node.(*ast.SequenceNode); ok && p < len(list.Values) {
			return list.Values[p]
		}
	case string:
		pairs := []*ast.MappingValueNode{}
		switch m := node.(type) {
		case *ast.MappingNode:
			pairs = m.Values
		case *ast.MappingValueNode:
			pairs = append(pairs, m)
		}
		i := slices.IndexFunc(pairs, func(v *ast.MappingValueNode) bool { return v.Key.GetToken().Value == p })
		if i >= 0 {
			return pairs[i]
		}
	}
	return nil
}
