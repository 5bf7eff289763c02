package config

import "github.com/goccy/go-yaml/ast"

// convertMapping builds a map: own keys first, then what merge keys bring in for
// keys that are not there.
func (b *builder) convertMapping(values []*ast.MappingValueNode, at pos, path string) *node {
	made := &node{kind: mapKind, at: at}
	index := make(map[string]int, len(values)) // of made.fields, by key
	for _, value := range values {
		if _, ok := value.Key.(*ast.MergeKeyNode); ok {
			b.mergeFields(made, index, b.build(value.Value, path), path)
			continue
		}
		b.addKey(made, index, value, path)
	}
	if len(values) > 0 {
		if first := tokenPos(values[0].Key.GetToken()); first.line < at.line || first.line == at.line && first.column < at.column {
			made.at = first // the tree places a block map at its first colon
		}
	}
	return made
}

// addKey adds one written key; a key written twice is a problem.
func (b *builder) addKey(made *node, index map[string]int, value *ast.MappingValueNode, path string) {
	f, ok := b.convertKey(value.Key, path)
	if !ok {
		return
	}
	f.value = b.build(value.Value, joinPath(path, f.key))
	i, there := index[f.key]
	switch {
	case !there:
		index[f.key] = len(made.fields)
		made.fields = append(made.fields, f)
	case made.fields[i].merged:
		made.fields[i] = f
	default:
		first := made.fields[i].at
		b.d.add(f.at, joinPath(path, f.key), "keep one of the two", "key %q is given twice; the first is at line %d, column %d", f.key, first.line, first.column)
	}
}

func (b *builder) convertKey(key ast.Node, path string) (field, bool) {
	switch k := key.(type) {
	case *ast.MappingKeyNode:
		return b.convertKey(k.Value, path)
	case *ast.AnchorNode:
		return b.convertKey(k.Value, path)
	case *ast.TagNode:
		return b.convertKey(k.Value, path)
	case *ast.LiteralNode, *ast.AliasNode, *ast.MappingNode, *ast.SequenceNode, nil:
		b.d.add(pos{1, 1}, path, "write key: value", "a key must be one word or text")
		return field{}, false
	}
	return field{key: key.GetToken().Value, at: tokenPos(key.GetToken())}, true
}

// mergeFields adds the fields of a merge key's map, or of each map in its list.
func (b *builder) mergeFields(into *node, index map[string]int, from *node, path string) {
	switch from.kind {
	case mapKind:
		for _, f := range from.fields {
			if _, ok := index[f.key]; !ok {
				index[f.key], f.merged = len(into.fields), true
				into.fields = append(into.fields, f)
			}
		}
	case listKind:
		for _, item := range from.items {
			b.mergeFields(into, index, item, path)
		}
	default:
		b.d.add(from.at, path, "write <<: *NAME with the anchor of a map", "the merge key << takes a map, not %s", from.describe(path))
	}
}

// joinPath appends a key to a dotted path.
func joinPath(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}
