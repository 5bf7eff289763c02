package yamlnode

import "github.com/goccy/go-yaml/ast"

// convertMapping returns a map as a node. A merge key adds the fields that the map does not
// have itself.
func (b *builder) convertMapping(values []*ast.MappingValueNode, at Pos, path string) *Node {
	node := &Node{Kind: MapKind, At: at}
	index := make(map[string]int, len(values)) // of the fields, by key
	for _, value := range values {
		if _, ok := value.Key.(*ast.MergeKeyNode); ok {
			b.mergeFields(node, index, b.build(value.Value, path), path)
			continue
		}
		b.addKey(node, index, value, path)
	}
	if len(values) > 0 {
		if first := positionOf(values[0].Key.GetToken()); first.Line < at.Line || first.Line == at.Line &&
			first.Column < at.Column {
			node.At = first // the syntax tree places a block map at its first colon
		}
	}
	return node
}

// addKey adds a key that the map itself has. A key that is given twice is a problem.
func (b *builder) addKey(node *Node, index map[string]int, value *ast.MappingValueNode, path string) {
	f, ok := b.convertKey(value.Key, path)
	if !ok {
		return
	}
	f.Value = b.build(value.Value, JoinPath(path, f.Key))
	i, exists := index[f.Key]
	switch {
	case !exists:
		index[f.Key] = len(node.Fields)
		node.Fields = append(node.Fields, f)
	case node.Fields[i].Merged:
		node.Fields[i] = f
	default:
		first := node.Fields[i].At
		b.d.Add(f.At, JoinPath(path, f.Key), "keep one of the two",
			"key %q is given twice; the first is at line %d, column %d", f.Key, first.Line, first.Column)
	}
}

// convertKey returns a key as a field without a value. For what cannot be a key it adds a
// problem and returns false.
func (b *builder) convertKey(key ast.Node, path string) (Field, bool) {
	switch k := key.(type) {
	case *ast.MappingKeyNode:
		return b.convertKey(k.Value, path)
	case *ast.AnchorNode:
		return b.convertKey(k.Value, path)
	case *ast.TagNode:
		return b.convertKey(k.Value, path)
	case *ast.LiteralNode, *ast.AliasNode, *ast.MappingNode, *ast.SequenceNode, nil:
		b.d.Add(Pos{1, 1}, path, "write key: value", "a key must be one word or text")
		return Field{}, false
	}
	return Field{Key: key.GetToken().Value, At: positionOf(key.GetToken())}, true
}

// mergeFields adds the fields of a merge key's map, or of each map in its list.
func (b *builder) mergeFields(into *Node, index map[string]int, from *Node, path string) {
	switch from.Kind {
	case MapKind:
		for _, f := range from.Fields {
			if _, ok := index[f.Key]; !ok {
				index[f.Key], f.Merged = len(into.Fields), true
				into.Fields = append(into.Fields, f)
			}
		}
	case ListKind:
		for _, item := range from.Items {
			b.mergeFields(into, index, item, path)
		}
	default:
		b.d.Add(from.At, path, "write <<: *NAME with the anchor of a map", "the merge key << takes a map, not %s",
			from.Describe(path))
	}
}

// JoinPath appends a key to a dotted path.
func JoinPath(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}
