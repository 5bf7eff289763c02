package schema

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/samber/lo"

	"github.com/flowgate-go/flowgate/internal/config/yamlnode"
	"github.com/flowgate-go/flowgate/internal/suggest"
)

// decoder fills the document types from nodes and adds problems for what does not fit.
type decoder struct{ *yamlnode.Diagnosis }

// DecodeDocument fills document, a pointer to a document struct, from the whole file.
func DecodeDocument(d *yamlnode.Diagnosis, root *yamlnode.Node, document any) {
	decoder{d}.decode(root, reflect.ValueOf(document).Elem(), yamlnode.Pos{Line: 1, Column: 1}, "", limits{})
}

// DecodeProvider fills document from the value of one key of auth.providers.
func DecodeProvider(d *yamlnode.Diagnosis, n *yamlnode.Node, at yamlnode.Pos, path string, document *ProviderFields) {
	decoder{d}.decode(n, reflect.ValueOf(document).Elem(), at, path, limits{})
}

// decode fills v, a settable struct, map, list or scalar of the document
// types, from n. The Go types are the schema: a field's json tag names the
// key, a key without omitempty is required, and the limits of its jsonschema tag
// (minimum, maximum, enum, minLength, minItems, minProperties) are checked.
// at is the place of n's key.
func (d decoder) decode(n *yamlnode.Node, v reflect.Value, at yamlnode.Pos, path string, limits limits) {
	if n.Broken {
		return
	}
	if v.Kind() == reflect.Pointer {
		v.Set(reflect.New(v.Type().Elem()))
		v = v.Elem()
	}
	if custom, ok := v.Addr().Interface().(nodeDecoder); ok {
		if problem := custom.fromNode(n); problem != "" {
			d.Add(n.At, path, "", "%s %s, not %s", path, problem, n.Describe(path))
		}
		return
	}
	if want := expectedKind(v); n.Kind != want && want != yamlnode.NullKind {
		d.addWrongType(n, at, path, kindNames[want])
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		d.decodeStruct(n, v, at, path)
	case reflect.Map:
		d.decodeMap(n, v, path)
	case reflect.Slice:
		d.decodeList(n, v, path)
	case reflect.Interface:
		if value := n.GoValue(); value != nil {
			v.Set(reflect.ValueOf(value))
		}
	default:
		d.decodeScalar(n, v, path, limits)
		return
	}
	limits.checkSize(d.Diagnosis, n, at, path)
}

// nodeDecoder is a type that reads itself from a node. fromNode returns "", or for a node of
// another kind what the value must be, as in "must be text".
type nodeDecoder interface{ fromNode(*yamlnode.Node) string }

// expectedKind returns the kind of node that v is read from; yamlnode.NullKind means any.
func expectedKind(v reflect.Value) yamlnode.Kind {
	switch v.Kind() {
	case reflect.Struct, reflect.Map:
		return yamlnode.MapKind
	case reflect.Slice:
		return yamlnode.ListKind
	}
	return yamlnode.NullKind
}

var kindNames = map[yamlnode.Kind]string{yamlnode.MapKind: "a map", yamlnode.ListKind: "a list"}

// addWrongType adds a problem for a value that is not of the type that want names.
func (d decoder) addWrongType(n *yamlnode.Node, at yamlnode.Pos, path, want string) {
	where := n.At
	if n.Kind == yamlnode.NullKind {
		where = at
	}
	d.Add(where, path, "", "%s must be %s, not %s", path, want, n.Describe(path))
}

// decodeStruct fills a struct, and adds problems for unknown and for missing keys.
func (d decoder) decodeStruct(n *yamlnode.Node, v reflect.Value, at yamlnode.Pos, path string) {
	members := membersOf(v)
	known := lo.Map(members, func(m member, _ int) string { return m.key })
	open, isOpen := v.Interface().(interface{ open() bool })
	for _, f := range n.Fields {
		i := slices.Index(known, f.Key)
		switch {
		case i >= 0 && f.Value.Kind == yamlnode.NullKind && members[i].optional: // an empty optional key is an absent one
		case i >= 0:
			d.decode(f.Value, members[i].value, f.At, yamlnode.JoinPath(path, f.Key), members[i].limits)
		case strings.HasPrefix(f.Key, commentPrefix):
		case isOpen && open.open():
		default:
			d.Add(f.At, yamlnode.JoinPath(path, f.Key), KeyHint(f.Key, known), "unknown key %q", f.Key)
		}
	}
	for _, m := range members {
		misspelt := slices.ContainsFunc(n.Fields, func(f yamlnode.Field) bool {
			return !slices.Contains(known, f.Key) && suggest.Nearest(f.Key, known) == m.key
		})
		if _, ok := n.Field(m.key); !ok && !m.optional && !misspelt {
			d.Add(at, yamlnode.JoinPath(path, m.key), "add "+m.key+": …", "missing key %q%s", m.key, describePath(path))
		}
	}
}

// commentPrefix begins the keys that people use as comments in JSON files.
const commentPrefix = "_comment"

// describePath returns " in " and the path, for the end of a message; "" at the top level.
func describePath(path string) string {
	if path == "" {
		return ""
	}
	return " in " + path
}

// decodeMap fills a map with arbitrary keys.
func (d decoder) decodeMap(n *yamlnode.Node, v reflect.Value, path string) {
	v.Set(reflect.MakeMapWithSize(v.Type(), len(n.Fields)))
	holdsMaps := v.Type().Elem().Kind() == reflect.Struct || v.Type().Elem().Kind() == reflect.Map
	for _, f := range n.Fields {
		if holdsMaps && strings.HasPrefix(f.Key, commentPrefix) && f.Value.Kind != yamlnode.MapKind {
			continue // a comment among profiles or providers
		}
		value := reflect.New(v.Type().Elem()).Elem()
		d.decode(f.Value, value, f.At, yamlnode.JoinPath(path, f.Key), limits{})
		v.SetMapIndex(reflect.ValueOf(f.Key), value)
	}
}

// decodeList fills a list.
func (d decoder) decodeList(n *yamlnode.Node, v reflect.Value, path string) {
	v.Set(reflect.MakeSlice(v.Type(), len(n.Items), len(n.Items)))
	for i, item := range n.Items {
		d.decode(item, v.Index(i), item.At, fmt.Sprintf("%s[%d]", path, i), limits{})
	}
}
