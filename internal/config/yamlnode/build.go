package yamlnode

import (
	"fmt"
	"math"
	"strings"

	"github.com/goccy/go-yaml/ast"
)

// maxNodes is the largest number of nodes of a file, in which each alias counts as the nodes
// that it stands for: a kilobyte of nested aliases can stand for billions.
const maxNodes = 200_000

// maxLongNodes is maxNodes for ParseLong.
const maxLongNodes = 2_000_000

// builder turns the syntax tree into nodes. An alias shares its anchor's node,
// so that the work stays proportional to the size of the file.
type builder struct {
	d        *Diagnosis
	anchors  map[string]*Node
	maxNodes int
	tooLarge bool
}

// build returns n, the value at path, as a node with its size.
func (b *builder) build(n ast.Node, path string) *Node {
	node := b.convert(n, path)
	node.size = 1
	for _, f := range node.Fields {
		node.size += f.Value.size
	}
	for _, item := range node.Items {
		node.size += item.size
	}
	if node.size > b.maxNodes && !b.tooLarge {
		b.tooLarge, b.d.Code = true, "config-too-large"
		b.d.Add(node.At, path, "take out aliases of aliases",
			"the file holds more than %d values with its aliases written out", b.maxNodes)
	}
	node.size = min(node.size, b.maxNodes+1) // no overflow on the way up
	return node
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
		node := &Node{Kind: ListKind, At: at}
		for i, item := range n.Values {
			node.Items = append(node.Items, b.build(item, fmt.Sprintf("%s[%d]", path, i)))
		}
		return node
	case *ast.AnchorNode:
		node := b.build(n.Value, path)
		b.anchors[n.Name.GetToken().Value] = node
		return node
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
	if node, ok := b.anchors[name]; ok {
		return node
	}
	b.d.Add(at, path, "define it above with &"+name+", or quote a text that begins with *", "unknown alias *%s", name)
	return &Node{Kind: NullKind, At: at, Broken: true}
}

// convertTagged returns the node of a value with one of YAML's own tags. A number tagged
// !!str becomes its text; other tags change nothing.
func (b *builder) convertTagged(n *ast.TagNode, at Pos, path string) *Node {
	tag := n.GetToken().Value
	if n.Value == nil {
		return &Node{Kind: NullKind, At: at}
	}
	node := b.build(n.Value, path)
	switch {
	case tag == "!!str" && node.Kind == ScalarKind:
		return &Node{Kind: ScalarKind, Value: node.Text, Text: node.Text, At: node.At}
	case strings.HasPrefix(tag, "!!"):
		return node
	}
	b.d.Add(at, path, "take the tag out, or quote a text that begins with !", "unknown tag %s", tag)
	return &Node{Kind: NullKind, At: at, Broken: true}
}

// convertToInt returns a whole number as an int if it fits, and any other value as it is.
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
