package config

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/samber/lo"

	"github.com/flowgate-go/flowgate/internal/suggest"
)

// decoder fills the document types from nodes and reports what does not fit.
type decoder struct{ *diagnosis }

// decodeDocument fills document, a pointer to a document struct, from the whole file.
func decodeDocument(d *diagnosis, root *node, document any) {
	decoder{d}.decode(root, reflect.ValueOf(document).Elem(), pos{1, 1}, "", limits{})
}

// decodeProvider fills document from the value of one key of auth.providers.
func decodeProvider(d *diagnosis, n *node, at pos, path string, document *providerFields) {
	decoder{d}.decode(n, reflect.ValueOf(document).Elem(), at, path, limits{})
}

// decode fills v, a settable struct, map, list or scalar of the document
// types, from n. The Go types are the schema: a field's json tag names the
// key, one without omitempty is required, and the limits of its jsonschema tag
// (minimum, maximum, enum, minLength, minItems, minProperties) are checked.
// at is where the key of n stands.
func (d decoder) decode(n *node, v reflect.Value, at pos, path string, limits limits) {
	if n.broken {
		return
	}
	if v.Kind() == reflect.Pointer {
		v.Set(reflect.New(v.Type().Elem()))
		v = v.Elem()
	}
	if custom, ok := v.Addr().Interface().(nodeDecoder); ok {
		if problem := custom.fromNode(n); problem != "" {
			d.add(n.at, path, "", "%s %s, not %s", path, problem, n.describe(path))
		}
		return
	}
	if want := expectedKind(v); n.kind != want && want != nullKind {
		d.wrongType(n, at, path, kindNames[want])
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
		if plain := n.goValue(); plain != nil {
			v.Set(reflect.ValueOf(plain))
		}
	default:
		d.decodeScalar(n, v, path, limits)
		return
	}
	limits.checkSize(d.diagnosis, n, at, path)
}

// nodeDecoder is a type that reads itself; it returns "" or what it must be.
type nodeDecoder interface{ fromNode(*node) string }

// expectedKind is the kind of node that v is read from; nullKind means any.
func expectedKind(v reflect.Value) kind {
	switch v.Kind() {
	case reflect.Struct, reflect.Map:
		return mapKind
	case reflect.Slice:
		return listKind
	}
	return nullKind
}

var kindNames = map[kind]string{mapKind: "a map", listKind: "a list"}

func (d decoder) wrongType(n *node, at pos, path, want string) {
	where := n.at
	if n.kind == nullKind {
		where = at
	}
	d.add(where, path, "", "%s must be %s, not %s", path, want, n.describe(path))
}

func (d decoder) decodeStruct(n *node, v reflect.Value, at pos, path string) {
	members := membersOf(v)
	known := lo.Map(members, func(m member, _ int) string { return m.key })
	open, isOpen := v.Interface().(interface{ open() bool })
	for _, f := range n.fields {
		i := slices.Index(known, f.key)
		switch {
		case i >= 0 && f.value.kind == nullKind && members[i].optional: // an empty optional key is an absent one
		case i >= 0:
			d.decode(f.value, members[i].value, f.at, joinPath(path, f.key), members[i].limits)
		case strings.HasPrefix(f.key, commentPrefix):
		case isOpen && open.open():
		default:
			d.add(f.at, joinPath(path, f.key), keyHint(f.key, known), "unknown key %q", f.key)
		}
	}
	for _, m := range members {
		misspelt := slices.ContainsFunc(n.fields, func(f field) bool {
			return !slices.Contains(known, f.key) && suggest.Nearest(f.key, known) == m.key
		})
		if _, ok := n.field(m.key); !ok && !m.optional && !misspelt {
			d.add(at, joinPath(path, m.key), "add "+m.key+": …", "missing key %q%s", m.key, inPath(path))
		}
	}
}

// commentPrefix begins the keys that JSON files have in place of comments.
const commentPrefix = "_comment"

func inPath(path string) string {
	if path == "" {
		return ""
	}
	return " in " + path
}

func (d decoder) decodeMap(n *node, v reflect.Value, path string) {
	v.Set(reflect.MakeMapWithSize(v.Type(), len(n.fields)))
	compound := v.Type().Elem().Kind() == reflect.Struct || v.Type().Elem().Kind() == reflect.Map
	for _, f := range n.fields {
		if compound && strings.HasPrefix(f.key, commentPrefix) && f.value.kind != mapKind {
			continue // a comment among profiles or providers
		}
		value := reflect.New(v.Type().Elem()).Elem()
		d.decode(f.value, value, f.at, joinPath(path, f.key), limits{})
		v.SetMapIndex(reflect.ValueOf(f.key), value)
	}
}

func (d decoder) decodeList(n *node, v reflect.Value, path string) {
	v.Set(reflect.MakeSlice(v.Type(), len(n.items), len(n.items)))
	for i, item := range n.items {
		d.decode(item, v.Index(i), item.at, fmt.Sprintf("%s[%d]", path, i), limits{})
	}
}
