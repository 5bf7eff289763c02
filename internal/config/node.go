package config

import (
	"strings"

	"github.com/flowgate-go/flowgate/internal/secret/redact"
)

// pos is a place in a file: line and column from 1, the column in characters.
type pos struct{ line, column int }

type kind int

const (
	nullKind kind = iota
	scalarKind
	mapKind
	listKind
)

// node is a YAML value with its place, aliases and merge keys resolved.
type node struct {
	kind   kind
	value  any    // of a scalar: bool, int, float64, string; int64 or uint64 beyond int
	text   string // of a scalar: as written, without quotes
	at     pos
	fields []field // of a map, in the order of the file
	items  []*node // of a list
	size   int     // nodes in it with aliases written out
	broken bool    // a problem with it has been reported; nothing more is said about it
}

type field struct {
	key    string
	at     pos
	value  *node
	merged bool // came by a merge key, so an own key overrides it
}

// field returns the field with that key.
func (n *node) field(key string) (field, bool) {
	if n != nil {
		for _, f := range n.fields {
			if f.key == key {
				return f, true
			}
		}
	}
	return field{}, false
}

// setField gives the field of a map another value.
func (n *node) setField(key string, value *node) {
	for i := range n.fields {
		if n.fields[i].key == key {
			n.fields[i].value = value
		}
	}
}

// lookup follows keys from n; ok is false where one is missing.
func (n *node) lookup(keys ...string) (f field, ok bool) {
	f = field{value: n}
	for _, key := range keys {
		if f, ok = f.value.field(key); !ok {
			return field{}, false
		}
	}
	return f, n != nil
}

// posOf is where the value of keys stands, or where the nearest key above it does.
func (n *node) posOf(keys ...string) pos {
	at := pos{1, 1}
	for _, key := range keys {
		f, ok := n.field(key)
		if !ok {
			break
		}
		n, at = f.value, f.at
		if n.kind == scalarKind {
			at = n.at
		}
	}
	return at
}

// goValue is n as ordinary Go values: map[string]any, []any, scalars, nil.
func (n *node) goValue() any {
	switch n.kind {
	case mapKind:
		m := make(map[string]any, len(n.fields))
		for _, f := range n.fields {
			m[f.key] = f.value.goValue()
		}
		return m
	case listKind:
		list := make([]any, len(n.items))
		for i, item := range n.items {
			list[i] = item.goValue()
		}
		return list
	case scalarKind:
		return n.value
	}
	return nil
}

// describe names n, the value at path, in a message about its type. What may
// be a secret in the wrong place is shortened.
func (n *node) describe(path string) string {
	switch n.kind {
	case mapKind:
		return "a map"
	case listKind:
		return "a list"
	case nullKind:
		return "empty"
	}
	switch n.value.(type) {
	case bool:
		return n.text
	case string:
		return "the text \"" + redactForMessage(n.text, path) + "\""
	}
	return "the number " + redactForMessage(n.text, path)
}

// redactForMessage is text as a message may repeat it: on one line, and shortened when
// its place or its look says that it is a secret.
func redactForMessage(text, path string) string {
	if strings.HasPrefix(path, "credentials.") {
		return truncateLine(redact.NamedValue("secret", text))
	}
	return truncateLine(redact.NamedValue(path[strings.LastIndexByte(path, '.')+1:], text))
}

// truncateLine keeps a message on one readable line.
func truncateLine(s string) string {
	runes := []rune(s)
	for i, r := range runes {
		if r == '\n' || r == '\r' || i == 40 {
			return string(runes[:i]) + "…"
		}
	}
	return s
}
