package config

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

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

func (l limits) intValue(name string) (int64, bool) {
	for _, v := range l.values(name) {
		n, err := strconv.ParseInt(v, 10, 64)
		return n, err == nil
	}
	return 0, false
}

// checkSize reports a list or map that holds too little.
func (l limits) checkSize(d *diagnosis, n *node, at pos, path string) {
	for _, name := range [...]string{"minItems", "minProperties"} {
		if least, ok := l.intValue(name); ok && int64(len(n.items)+len(n.fields)) < least {
			d.add(at, path, "", "%s must have at least %d entry", path, least)
		}
	}
}

// decodeScalar reads a string or a whole number.
func (d decoder) decodeScalar(n *node, v reflect.Value, path string, l limits) {
	if v.Kind() == reflect.String {
		d.decodeString(n, v, path, l)
		return
	}
	whole, ok := n.value.(int)
	if !ok {
		hint := ""
		if _, err := strconv.Atoi(n.text); err == nil {
			hint = "write it without quotes"
		}
		d.add(n.at, path, hint, "%s must be a whole number, not %s", path, n.describe(path))
		return
	}
	number := int64(whole)
	least, hasLeast := l.intValue("minimum")
	most, hasMost := l.intValue("maximum")
	if hasLeast && number < least || hasMost && number > most {
		d.add(n.at, path, "", "%s must be from %d to %d, not %s", path, least, most, n.text)
		return
	}
	v.SetInt(number)
}

func (d decoder) decodeString(n *node, v reflect.Value, path string, l limits) {
	text, ok := n.value.(string)
	if !ok {
		hint := ""
		if n.kind == scalarKind {
			hint = fmt.Sprintf("put it in quotes: %q", n.text)
		}
		d.add(n.at, path, hint, "%s must be text, not %s", path, n.describe(path))
		return
	}
	if least, ok := l.intValue("minLength"); ok && int64(len(strings.TrimSpace(text))) < least {
		d.add(n.at, path, "", "%s must not be empty", path)
		return
	}
	if allowed := l.values("enum"); len(allowed) > 0 && !slices.Contains(allowed, text) {
		hint := suggest.Hint(text, allowed)
		d.add(n.at, path, hint, "%s must be one of %s, not %s", path, strings.Join(allowed, ", "), n.describe(path))
		return
	}
	v.SetString(text)
}

// text is a scalar of any type, kept as written: a value of an environment variable.
type text string

func (t *text) fromNode(n *node) string {
	if n.kind != scalarKind {
		return "must be text"
	}
	*t = text(n.text)
	return ""
}

// period is a time span: seconds as a number, or a Go duration such as "500ms".
type period time.Duration

func (p *period) fromNode(n *node) string {
	const want = `must be seconds or a duration such as "500ms"`
	var span time.Duration
	switch value := n.value.(type) {
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
	*p = period(span)
	return ""
}

// boolean is true or false.
type boolean bool

func (f *boolean) fromNode(n *node) string {
	value, ok := n.value.(bool)
	if !ok {
		return "must be true or false"
	}
	*f = boolean(value)
	return ""
}

// dependencies is a list of services, or a map of them to what is waited for.
// The resolver looks at what stands in it.
type dependencies []string

func (d *dependencies) fromNode(n *node) string {
	if n.kind != listKind && n.kind != mapKind {
		return "must be a list or a map of services"
	}
	return ""
}
