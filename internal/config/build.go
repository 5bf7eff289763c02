package config

import (
	"fmt"
	"math"
	"strings"

	"github.com/goccy/go-yaml/ast"
)

// maxNodes bounds a file whose aliases are written out: an alias bomb of a
// kilobyte stands for billions.
const maxNodes = 200_000

// builder turns the syntax tree into nodes. An alias shares its anchor's node,
// so that the work stays in proportion to the file.
type builder struct {
	d        *diagnosis
	anchors  map[string]*node
	tooLarge bool
}

func (b *builder) build(n ast.Node, path string) *node {
	made := b.convert(n, path)
	made.size = 1
	for _, f := range made.fields {
		made.size += f.value.size
	}
	for _, item := range made.items {
		made.size += item.size
	}
	if made.size > maxNodes && !b.tooLarge {
		b.tooLarge = true
		b.d.add(made.at, path, "take out aliases of aliases", "the file holds more than %d values, aliases written out", maxNodes)
	}
	made.size = min(made.size, maxNodes+1) // no overflow on the way up
	return made
}

func (b *builder) convert(n ast.Node, path string) *node {
	at := tokenPos(n.GetToken())
	switch n := n.(type) {
	case *ast.MappingNode:
		return b.convertMapping(n.Values, at, path)
	case *ast.MappingValueNode:
		return b.convertMapping([]*ast.MappingValueNode{n}, at, path)
	case *ast.SequenceNode:
		made := &node{kind: listKind, at: at}
		for i, item := range n.Values {
			made.items = append(made.items, b.build(item, fmt.Sprintf("%s[%d]", path, i)))
		}
		return made
	case *ast.AnchorNode:
		made := b.build(n.Value, path)
		b.anchors[n.Name.GetToken().Value] = made
		return made
	case *ast.AliasNode:
		return b.resolveAlias(n, at, path)
	case *ast.TagNode:
		return b.convertTagged(n, at, path)
	case *ast.LiteralNode:
		return &node{kind: scalarKind, value: n.Value.Value, text: n.Value.Value, at: at}
	case *ast.NullNode:
		return &node{kind: nullKind, at: at}
	case ast.ScalarNode:
		return &node{kind: scalarKind, value: intIfWhole(n.GetValue()), text: n.GetToken().Value, at: at}
	}
	b.d.add(at, path, "see the line and the one above it", "this is no value")
	return &node{kind: nullKind, at: at, broken: true}
}

// resolveAlias returns the anchor's node, at the anchor's place.
func (b *builder) resolveAlias(n *ast.AliasNode, at pos, path string) *node {
	name := n.Value.GetToken().Value
	if made, ok := b.anchors[name]; ok {
		return made
	}
	b.d.add(at, path, "define it above with &"+name+", or quote a text that begins with *", "unknown alias *%s", name)
	return &node{kind: nullKind, at: at, broken: true}
}

// convertTagged understands YAML's own tags; a number tagged !!str is its text.
func (b *builder) convertTagged(n *ast.TagNode, at pos, path string) *node {
	tag := n.GetToken().Value
	if n.Value == nil {
		return &node{kind: nullKind, at: at}
	}
	made := b.build(n.Value, path)
	switch {
	case tag == "!!str" && made.kind == scalarKind:
		return &node{kind: scalarKind, value: made.text, text: made.text, at: made.at}
	case strings.HasPrefix(tag, "!!"):
		return made
	}
	b.d.add(at, path, "take the tag out, or quote a text that begins with !", "unknown tag %s", tag)
	return &node{kind: nullKind, at: at, broken: true}
}

// intIfWhole makes a whole number an int, as Go code would write it.
func intIfWhole(value any) any {
	switch v := value.(type) {
	case int64:
		return int(v)
	case uint64:
		if v <= math.MaxInt {
			return int(v)
		}
	}
	return value
}
