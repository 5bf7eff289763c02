// Package yamlnode reads a YAML file into nodes with their places, resolves aliases and
// merge keys, and collects the problems of the file. Call NewDiagnosis,
// ReadSource and Parse.
//
// It knows nothing about the keys of flowgate.yaml, and writes nothing.
//
// It has more than 700 lines because one builder makes a node, its place in the text and
// the problems found there.
package yamlnode

import (
	"strconv"
	"strings"

	"github.com/flowgate-go/flowgate/internal/secret/redact"
)

// Pos is a place in a file: line and column, both from 1, the column in characters.
type Pos struct{ Line, Column int }

// Kind is the kind of a node: null, scalar, map or list.
type Kind int

// The kinds of nodes.
const (
	NullKind Kind = iota
	ScalarKind
	MapKind
	ListKind
)

// Node is a YAML value with its place, aliases and merge keys resolved.
type Node struct {
	Kind   Kind
	Value  any    // of a scalar: bool, int, float64, string; int64 or uint64 beyond int
	Text   string // of a scalar: as written, without quotes
	At     Pos
	Fields []Field // of a map, in the order of the file
	Items  []*Node // of a list
	size   int     // number of nodes in it; an alias counts as the nodes that it stands for
	Broken bool    // a problem with it has been added; no further ones are
}

// Field is one key of a mapping with its value.
type Field struct {
	Key    string
	At     Pos
	Value  *Node
	Merged bool // from a merge key, so a key of the map itself overrides it
}

// Field returns the field with that key.
func (n *Node) Field(key string) (Field, bool) {
	if n != nil {
		for _, f := range n.Fields {
			if f.Key == key {
				return f, true
			}
		}
	}
	return Field{}, false
}

// SetField replaces the value of a field of a map; it does nothing when there is no such field.
func (n *Node) SetField(key string, value *Node) {
	for i := range n.Fields {
		if n.Fields[i].Key == key {
			n.Fields[i].Value = value
		}
	}
}

// Lookup follows keys from n; ok is false where one is missing.
func (n *Node) Lookup(keys ...string) (f Field, ok bool) {
	f = Field{Value: n}
	for _, key := range keys {
		if f, ok = f.Value.Field(key); !ok {
			return Field{}, false
		}
	}
	return f, n != nil
}

// PosOf returns the place of the value that keys lead to from n, or of the last key on the way
// that exists.
func (n *Node) PosOf(keys ...string) Pos {
	at := Pos{1, 1}
	for _, key := range keys {
		f, ok := n.Field(key)
		if !ok {
			break
		}
		n, at = f.Value, f.At
		if n.Kind == ScalarKind {
			at = n.At
		}
	}
	return at
}

// Locate follows path, which has keys and indexes, from n as far as it exists. It returns the
// place that it reached and the number of parts that it found.
func (n *Node) Locate(path []any) (at Pos, found int) {
	at = n.At
	for _, part := range path {
		switch part := part.(type) {
		case string:
			f, ok := n.Field(part)
			if !ok {
				return at, found
			}
			n, at = f.Value, f.At
		case int:
			if part >= len(n.Items) {
				return at, found
			}
			n = n.Items[part]
			at = n.At
		}
		found++
	}
	return at, found
}

// Dotted returns a path of keys and indexes as people write it:
// model_list[3].litellm_params.model.
func Dotted(path []any) string {
	var b strings.Builder
	for _, p := range path {
		switch p := p.(type) {
		case int:
			b.WriteString("[" + strconv.Itoa(p) + "]")
		case string:
			if b.Len() > 0 {
				b.WriteByte('.')
			}
			b.WriteString(p)
		}
	}
	return b.String()
}

// GoValue returns n as ordinary Go values: map[string]any, []any, scalars, nil.
func (n *Node) GoValue() any {
	switch n.Kind {
	case MapKind:
		m := make(map[string]any, len(n.Fields))
		for _, f := range n.Fields {
			m[f.Key] = f.Value.GoValue()
		}
		return m
	case ListKind:
		list := make([]any, len(n.Items))
		for i, item := range n.Items {
			list[i] = item.GoValue()
		}
		return list
	case ScalarKind:
		return n.Value
	}
	return nil
}

// Describe returns words for n, the value at path, for a message about its type. A text that
// may be a secret in the wrong place is shortened.
func (n *Node) Describe(path string) string {
	switch n.Kind {
	case MapKind:
		return "a map"
	case ListKind:
		return "a list"
	case NullKind:
		return "empty"
	}
	switch n.Value.(type) {
	case bool:
		return n.Text
	case string:
		return "the text \"" + RedactForMessage(n.Text, path) + "\""
	}
	return "the number " + RedactForMessage(n.Text, path)
}

// RedactForMessage returns text as a message may show it: on one line, and shortened when
// its path or its form suggests that it is a secret.
func RedactForMessage(text, path string) string {
	if strings.HasPrefix(path, "credentials.") {
		return TruncateLine(redact.NamedValue("secret", text))
	}
	return TruncateLine(redact.NamedValue(path[strings.LastIndexByte(path, '.')+1:], text))
}

// TruncateLine returns the first line of s, at most 40 characters, with … when it leaves
// something out.
func TruncateLine(s string) string {
	runes := []rune(s)
	for i, r := range runes {
		if r == '\n' || r == '\r' || i == 40 {
			return string(runes[:i]) + "…"
		}
	}
	return s
}
