package schema

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/flowgate-go/flowgate/internal/config/yamlnode"
	"github.com/flowgate-go/flowgate/internal/suggest"
)

// member is one field of a document struct.
type member struct {
	key      string
	optional bool
	limits   limits
	value    reflect.Value
}

// membersOf returns the members of v, including those of embedded structs.
func membersOf(v reflect.Value) []member {
	var members []member
	for i := range v.NumField() {
		f := v.Type().Field(i)
		if f.Anonymous {
			members = append(members, membersOf(v.Field(i))...)
			continue
		}
		key, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		if key == "-" {
			continue
		}
		members = append(members, member{key, options == "omitempty", limits{f.Tag.Get("jsonschema")}, v.Field(i)})
	}
	return members
}

// limits are the constraints of a jsonschema tag; the zero value has none.
type limits struct{ tag string }

// values returns the values that the tag gives for name.
func (l limits) values(name string) []string {
	var values []string
	for part := range strings.SplitSeq(l.tag, ",") {
		if k, v, _ := strings.Cut(part, "="); k == name {
			values = append(values, v)
		}
	}
	return values
}

// intValue returns the number that the tag gives for name.
func (l limits) intValue(name string) (int64, bool) {
	for _, v := range l.values(name) {
		n, err := strconv.ParseInt(v, 10, 64)
		return n, err == nil
	}
	return 0, false
}

// checkSize adds a problem for a list or map with too few entries.
func (l limits) checkSize(d *yamlnode.Diagnosis, n *yamlnode.Node, at yamlnode.Pos, path string) {
	for _, name := range [...]string{"minItems", "minProperties"} {
		if minimum, ok := l.intValue(name); ok && int64(len(n.Items)+len(n.Fields)) < minimum {
			d.Add(at, path, "", "%s must have at least %d entry", path, minimum)
		}
	}
}

// decodeScalar reads a string or a whole number.
func (d decoder) decodeScalar(n *yamlnode.Node, v reflect.Value, path string, l limits) {
	if v.Kind() == reflect.String {
		d.decodeString(n, v, path, l)
		return
	}
	whole, ok := n.Value.(int)
	if !ok {
		hint := ""
		if _, err := strconv.Atoi(n.Text); err == nil {
			hint = "write it without quotes"
		}
		d.Add(n.At, path, hint, "%s must be a whole number, not %s", path, n.Describe(path))
		return
	}
	number := int64(whole)
	minimum, hasMinimum := l.intValue("minimum")
	maximum, hasMaximum := l.intValue("maximum")
	if hasMinimum && number < minimum || hasMaximum && number > maximum {
		d.Add(n.At, path, "", "%s must be from %d to %d, not %s", path, minimum, maximum, n.Text)
		return
	}
	v.SetInt(number)
}

// decodeString reads a string.
func (d decoder) decodeString(n *yamlnode.Node, v reflect.Value, path string, l limits) {
	text, ok := n.Value.(string)
	if !ok {
		hint := ""
		if n.Kind == yamlnode.ScalarKind {
			hint = fmt.Sprintf("put it in quotes: %q", n.Text)
		}
		d.Add(n.At, path, hint, "%s must be text, not %s", path, n.Describe(path))
		return
	}
	if minimum, ok := l.intValue("minLength"); ok && int64(len(strings.TrimSpace(text))) < minimum {
		d.Add(n.At, path, "", "%s must not be empty", path)
		return
	}
	if allowed := l.values("enum"); len(allowed) > 0 && !slices.Contains(allowed, text) {
		hint := suggest.Hint(text, allowed)
		d.Add(n.At, path, hint, "%s must be one of %s, not %s", path, strings.Join(allowed, ", "), n.Describe(path))
		return
	}
	v.SetString(text)
}

// Text is a scalar of any type, kept as written, such as the value of an environment variable.
type Text string

// fromNode implements nodeDecoder for a scalar.
func (t *Text) fromNode(n *yamlnode.Node) string {
	if n.Kind != yamlnode.ScalarKind {
		return "must be text"
	}
	*t = Text(n.Text)
	return ""
}

// Period is a time span from 0 to one hour: seconds as a number, or a Go duration such as
// "500ms".
type Period time.Duration

// fromNode implements nodeDecoder for a time span.
func (p *Period) fromNode(n *yamlnode.Node) string {
	const want = `must be seconds or a duration such as "500ms"`
	var span time.Duration
	switch value := n.Value.(type) {
	case int:
		span = time.Duration(min(value, 1<<32)) * time.Second
	case float64:
		span = time.Duration(value * float64(time.Second))
	case string:
		parsed, err := time.ParseDuration(value)
		if err != nil {
			return want
		}
		span = parsed
	default:
		return want
	}
	if span < 0 || span > time.Hour {
		return "must be between 0 and one hour"
	}
	*p = Period(span)
	return ""
}

// boolean is true or false.
type boolean bool

// fromNode implements nodeDecoder for true or false.
func (b *boolean) fromNode(n *yamlnode.Node) string {
	value, ok := n.Value.(bool)
	if !ok {
		return "must be true or false"
	}
	*b = boolean(value)
	return ""
}

// dependencies is a list of services, or a map from services to the condition that is
// waited for. It stays empty: package config reads the entries from the node.
type dependencies []string

// fromNode implements nodeDecoder: it accepts a list or a map.
func (d *dependencies) fromNode(n *yamlnode.Node) string {
	if n.Kind != yamlnode.ListKind && n.Kind != yamlnode.MapKind {
		return "must be a list or a map of services"
	}
	return ""
}
