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

// membersOf lists the members of v, those of embedded structs among them.
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

// checkSize reports a list or map that holds too little.
func (l limits) checkSize(d *yamlnode.Diagnosis, n *yamlnode.Node, at yamlnode.Pos, path string) {
	for _, name := range [...]string{"minItems", "minProperties"} {
		if least, ok := l.intValue(name); ok && int64(len(n.Items)+len(n.Fields)) < least {
			d.Add(at, path, "", "%s must have at least %d entry", path, least)
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
	least, hasLeast := l.intValue("minimum")
	most, hasMost := l.intValue("maximum")
	if hasLeast && number < least || hasMost && number > most {
		d.Add(n.At, path, "", "%s must be from %d to %d, not %s", path, least, most, n.Text)
		return
	}
	v.SetInt(number)
}

// decodeString reads a text.
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
	if least, ok := l.intValue("minLength"); ok && int64(len(strings.TrimSpace(text))) < least {
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

// Text is a scalar of any type, kept as written: a value of an environment variable.
type Text string

// fromNode reads a scalar; a message says what it must be otherwise.
func (t *Text) fromNode(n *yamlnode.Node) string {
	if n.Kind != yamlnode.ScalarKind {
		return "must be text"
	}
	*t = Text(n.Text)
	return ""
}

// Period is a time span: seconds as a number, or a Go duration such as "500ms".
type Period time.Duration

// fromNode reads a time span; a message says what it must be otherwise.
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

// fromNode reads true or false; a message says so otherwise.
func (f *boolean) fromNode(n *yamlnode.Node) string {
	value, ok := n.Value.(bool)
	if !ok {
		return "must be true or false"
	}
	*f = boolean(value)
	return ""
}

// dependencies is a list of services, or a map of them to what is waited for.
// The resolver looks at what stands in it.
type dependencies []string

// fromNode accepts a list or a map; a message says so otherwise.
func (d *dependencies) fromNode(n *yamlnode.Node) string {
	if n.Kind != yamlnode.ListKind && n.Kind != yamlnode.MapKind {
		return "must be a list or a map of services"
	}
	return ""
}
