package yamlnode

import (
	"fmt"
	"math"
	"strings"

	"github.com/goccy/go-yaml/ast"
)

// maxNodes bounds a file whose aliases are written out: an alias bomb of a
// kilobyte stands for billions.
const maxNodes = 200_000

// maxLongNodes is the bound of ParseLong.
const maxLongNodes = 2_000_000

// builder turns the syntax tree into nodes. An alias shares its anchor's node,
// so that the work stays in proportion to the file.
type builder struct {
	d        *Diagnosis
	anchors  map[string]*Node
	maxNodes int
	tooLarge bool
}

// build returns n, the value at path, as a node, and counts its size.
func (b *builder) build(n ast.Node, path string) *Node {
	made := b.convert(n, path)
	made.size = 1
	for _, f := range made.Fields {
		made.size += f.Value.size
	}
	for _, item := range made.Items {
		made.size += item.size
	}
	if made.size > b.maxNodes && !b.tooLarge {
		b.tooLarge, b.d.Code = true, "config-too-large"
		b.d.Add(made.At, path, "take out aliases of aliases", "the file holds more than %d values, aliases written out",
			b.maxNodes)
	}
	made.size = min(made.size, b.maxNodes+1) // no overflow on the way up
	return made
}

// convert returns n as a node without its size.
func (b *builder) convert(n ast.Node, path string) *Node {
	at := positionOf(n.GetToken())
	switch n := n.(type) {
	case *ast.MappingNode:
		return b.convertMapping(n.Values, at, path)
	case *ast.MappingValueNode:
		return b.convertMapping([]*ast.MappingValueNode{n}, at, path)
	case *ast.SequenceNode:
		made := &Node{Kind: ListKind, At: at}
		for i, item := range n.Values {
			made.Items = append(made.Items, b.build(item, fmt.Sprintf("%s[%d]", path, i)))
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
		return &Node{Kind: ScalarKind, Value: n.Value.Value, Text: n.Value.Value, At: at}
	case *ast.NullNode:
		return &Node{Kind: NullKind, At: at}
	case ast.ScalarNode:
		return &Node{Kind: ScalarKind, Value: convertToInt(n.GetValue()), Text: n.GetToken().Value, At: at}
	}
	b.d.Add(at, path, "see the line and the one above it", "this is not a value")
	return &Node{Kind: NullKind, At: at, Broken: true}
}

// resolveAlias returns the anchor's node, at the anchor's place.
func (b *builder) resolveAlias(n *ast.AliasNode, at Pos, path string) *Node {
	name := n.Value.GetToken().Value
	if made, ok := b.anchors[name]; ok {
		return made
	}
	b.d.Add(at, path, "define it above with &"+name+", or quote a text that begins with *", "unknown alias *%s", name)
	return &Node{Kind: NullKind, At: at, Broken: true}
}

// convertTagged understands YAML's own tags; a number tagged !!str is its text.
func (b *builder) convertTagged(n *ast.TagNode, at Pos, path string) *Node {
	tag := n.GetToken().Value
	if n.Value == nil {
		return &Node{Kind: NullKind, At: at}
	}
	made := b.build(n.Value, path)
	switch {
	case tag == "!!str" && made.Kind == ScalarKind:
		return &Node{Kind: ScalarKind, Value: made.Text, Text: made.Text, At: made.At}
	case strings.HasPrefix(tag, "!!"):
		return made
	}
	b.d.Add(at, path, "take the tag out, or quote a text that begins with !", "unknown tag %s", tag)
	return &Node{Kind: NullKind, At: at, Broken: true}
}

// convertToInt makes a whole number an int, as Go code would write it.
func convertToInt(value any) any {
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
