package router

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

// document is a parsed configuration file that knows where each value stands.
// The first thing wrong with it stays in err; reading goes on harmlessly.
type document struct {
	file     string
	root     ast.Node
	getenv   func(string) string
	warnings []config.Warning
	err      error
}

// section is one mapping of a document. A nil map is a mapping that is absent.
type section struct {
	doc    *document
	path   []any // keys and indexes from the root
	values map[string]any
}

func parse(file string, text []byte, getenv func(string) string) (*document, section, error) {
	if err := nesting.CheckLongYAML(text); err != nil {
		return nil, section{}, fault.Usage("settings-invalid", "%s: %w", file, err)
	}
	tree, err := parser.ParseBytes(text, 0)
	if err != nil {
		return nil, section{}, yamlFault(file, err)
	}
	d := &document{file: file, getenv: getenv}
	var top any
	for _, body := range tree.Docs {
		if body.Body == nil {
			continue
		}
		if d.root != nil {
			return nil, section{}, fault.Usage("settings-invalid", "%s holds more than one YAML document", file)
		}
		d.root = body.Body
		if err := yaml.NodeToValue(body.Body, &top); err != nil {
			return nil, section{}, yamlFault(file, err)
		}
	}
	values, ok := top.(map[string]any)
	if !ok {
		return nil, section{}, fault.Usage("settings-invalid", "%s:1:1: expected a mapping with model_list and general_settings", file).
			WithHint("write it with: mage profile:set NAME")
	}
	return d, section{doc: d, values: values}, nil
}

// yamlFault turns goccy's error, which brings its own excerpt, into one line.
func yamlFault(file string, err error) error {
	var at string
	if syntax, ok := errors.AsType[yaml.Error](err); ok && syntax.GetToken() != nil {
		p := syntax.GetToken().Position
		return fault.Usage("settings-invalid", "%s:%d:%d: %s", file, p.Line, p.Column, syntax.GetMessage())
	}
	at, _, _ = strings.Cut(err.Error(), "\n")
	return fault.Usage("settings-invalid", "%s: %s", file, at)
}

// fail records what is wrong with the value at path, if nothing was wrong before.
func (d *document) fail(path []any, format string, args ...any) {
	if d.err != nil {
		return
	}
	line, column := d.position(path)
	d.err = fault.Usage("settings-invalid", "%s:%d:%d: %s: %s", d.file, line, column, dotted(path), fmt.Sprintf(format, args...))
}

func (d *document) warn(code string, path []any, format string, args ...any) {
	line, _ := d.position(path)
	d.warnings = append(d.warnings, config.Warning{Code: code, Path: dotted(path), Line: line, Message: fmt.Sprintf(format, args...)})
}

// dotted spells a path as people do: model_list[3].litellm_params.model.
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

// position finds where the value at path stands, or the last part of the way
// that the tree shows (a value may come from an alias).
func (d *document) position(path []any) (line, column int) {
	node := d.root
	at := node.GetToken().Position
	for _, p := range path {
		next := step(node, p)
		if next == nil {
			break
		}
		node = next
		if pair, ok := node.(*ast.MappingValueNode); ok {
			at = pair.Key.GetToken().Position
			node = pair.Value
			continue
		}
		at = first(node)
	}
	return at.Line, at.Column
}

func step(node ast.Node, p any) ast.Node {
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
