package router

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"
)

// first is where a node's text begins: a block mapping's own token is the colon of its first pair.
func first(node ast.Node) *token.Position {
	switch n := node.(type) {
	case *ast.MappingNode:
		if len(n.Values) > 0 && !n.IsFlowStyle {
			return n.Values[0].Key.GetToken().Position
		}
	case *ast.MappingValueNode:
		return n.Key.GetToken().Position
	}
	return node.GetToken().Position
}

func (s section) at(key any) []any { return append(slices.Clone(s.path), key) }

// sub is the mapping under key; absent and null are alike.
func (s section) sub(key string) section {
	return s.doc.mapping(s.at(key), s.values[key])
}

func (d *document) mapping(path []any, v any) section {
	out := section{doc: d, path: path}
	if v == nil {
		return out
	}
	m, ok := v.(map[string]any)
	if !ok {
		d.fail(path, "expected a mapping, found %s", kindOf(v))
	}
	out.values = m
	return out
}

// list is the sequence under key; absent and null are alike.
func (s section) list(key string) []any {
	v := s.values[key]
	if v == nil {
		return nil
	}
	l, ok := v.([]any)
	if !ok {
		s.doc.fail(s.at(key), "expected a list, found %s", kindOf(v))
	}
	return l
}

// text is the string under key, an os.environ/NAME reference resolved.
// missing names the variable that such a reference points to and that is not set.
func (s section) text(key string) (value, missing string) {
	v := s.values[key]
	if v == nil {
		return "", ""
	}
	str, ok := v.(string)
	if !ok {
		s.doc.fail(s.at(key), "expected text, found %s", kindOf(v))
		return "", ""
	}
	name, isRef := strings.CutPrefix(str, "os.environ/")
	if !isRef {
		return str, ""
	}
	if value = s.doc.getenv(name); value == "" {
		return "", name
	}
	return value, ""
}

// number is the number under key, nil when absent. It may stand in an environment variable.
func (s section) number(key string) *float64 {
	var f float64
	switch v := s.values[key].(type) {
	case nil:
		return nil
	case int64:
		f = float64(v)
	case uint64:
		f = float64(v)
	case float64:
		f = v
	case string:
		str, missing := s.text(key)
		if missing != "" {
			s.doc.warn("environment-variable-unset", s.at(key), "environment variable %s is not set; the default is used", missing)
			return nil
		}
		n, err := strconv.ParseFloat(str, 64)
		if err != nil {
			s.doc.fail(s.at(key), "expected a number, found text")
			return nil
		}
		f = n
	default:
		s.doc.fail(s.at(key), "expected a number, found %s", kindOf(v))
		return nil
	}
	if f < 0 || math.IsNaN(f) || f > 1e9 {
		s.doc.fail(s.at(key), "expected a number from 0 to 1000000000")
		return nil
	}
	return &f
}

func (s section) count(key string) *int {
	f := s.number(key)
	if f == nil {
		return nil
	}
	if *f != math.Trunc(*f) {
		s.doc.fail(s.at(key), "expected a whole number")
	}
	n := int(*f)
	return &n
}

// seconds is the duration under key; 0 when absent. An explicit 0 is refused where a timeout is meant.
func (s section) seconds(key string) time.Duration {
	f := s.number(key)
	if f == nil {
		return 0
	}
	if *f == 0 {
		s.doc.fail(s.at(key), "expected seconds above 0")
	}
	return time.Duration(*f * float64(time.Second))
}

// interval is the duration under key, of which 0 means never; nil when absent.
func (s section) interval(key string) *time.Duration {
	f := s.number(key)
	if f == nil {
		return nil
	}
	d := time.Duration(*f * float64(time.Second))
	return &d
}

func (s section) flag(key string) bool {
	v := s.values[key]
	b, ok := v.(bool)
	if v != nil && !ok {
		s.doc.fail(s.at(key), "expected true or false, found %s", kindOf(v))
	}
	return b
}

// names is the list of model groups under key.
func (s section) names(key string) []string { return s.texts(key, "the name of a model group") }

// texts is the list of strings under key; expected says what each is, for messages.
func (s section) texts(key, expected string) []string {
	return s.doc.strings(s.at(key), s.list(key), expected)
}

func (d *document) strings(path []any, list []any, expected string) []string {
	out := make([]string, 0, len(list))
	for i, v := range list {
		name, ok := v.(string)
		if !ok {
			d.fail(append(slices.Clone(path), i), "expected %s, found %s", expected, kindOf(v))
		}
		out = append(out, name)
	}
	return out
}

// chains reads LiteLLM's fallbacks: a list of maps from a group to a list of groups.
func (s section) chains(key string) map[string][]string {
	out := map[string][]string{}
	for i, v := range s.list(key) {
		entry := s.doc.mapping(append(s.at(key), i), v)
		for group := range entry.values {
			out[group] = entry.names(group)
		}
	}
	return out
}

// known warns about each key that is not among names.
func (s section) known(names ...string) {
	for _, key := range slices.Sorted(maps.Keys(s.values)) {
		if !slices.Contains(names, key) {
			s.doc.warn("setting-without-effect", s.at(key), "%s has no effect in the embedded router", key)
		}
	}
}

func kindOf(v any) string {
	switch v.(type) {
	case map[string]any:
		return "a mapping"
	case []any:
		return "a list"
	case string:
		return "text"
	case bool:
		return "true or false"
	case nil:
		return "nothing"
	}
	return fmt.Sprintf("%v", v)
}
