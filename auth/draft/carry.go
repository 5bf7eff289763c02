package draft

import (
	"fmt"
	"slices"
	"strings"

	"github.com/samber/lo"
	"github.com/tidwall/gjson"

	"github.com/flowgate-go/flowgate/auth/credential"
	"github.com/flowgate-go/flowgate/internal/printable"
)

// CarryUnknown copies the members of doc that are neither among known nor in the draft
// yet, under the server's spelling, and adds a warning: one of them may be needed to
// renew the token. It leaves out, with a warning, settings of the server, names that
// are long or have characters other than ASCII letters, digits and underscores, and
// values other than strings, numbers, booleans and lists of strings.
func (d *Draft) CarryUnknown(doc gjson.Result, file string, known ...string) {
	var carried, leftOut []string
	doc.ForEach(func(key, value gjson.Result) bool {
		name := snakeCase(key.Str)
		_, taken := d.Fields[name]
		switch kept := TextOrTexts(value); {
		case slices.Contains(known, key.Str) || value.Type == gjson.Null || taken:
		case IsServerField(name) || name == "" || len(key.Str) > 64 || kept == nil && value.Type != gjson.Number &&
			!value.IsBool():
			leftOut = append(leftOut, printable.EscapeLine(printable.Excerpt(key.Str)))
		default:
			d.Fields[name] = kept
			if kept == nil {
				d.Fields[name] = value.Value()
			}
			carried = append(carried, printable.EscapeLine(key.Str))
		}
		return true
	})
	if len(carried) > 0 {
		d.Warn("field-carried", "%s in %s %s unknown to FlowGate and %s copied unchanged", SomeNames(carried), file,
			isOrAre(carried), isOrAre(carried))
	}
	if len(leftOut) > 0 {
		d.Warn("field-left-out", "%s in %s %s unknown to FlowGate and left out", SomeNames(leftOut), file, isOrAre(leftOut))
	}
}

// IsServerField reports whether a member is a setting of CLIProxyAPI for a
// credential. Only its own files may set those.
func IsServerField(name string) bool {
	return slices.Contains([]string{
		"type", "disabled", "prefix", "proxy_url", "priority", "weight", "headers", "base_url", "excluded_models",
		"request_retry", "websockets", "note",
	}, name)
}

// isOrAre returns the verb for names.
func isOrAre(names []string) string { return lo.Ternary(len(names) == 1, "is", "are") }

// SomeNames joins at most five names, and says how many more there are.
func SomeNames(names []string) string {
	if len(names) > 5 {
		return strings.Join(names[:5], ", ") + fmt.Sprintf(" and %d more", len(names)-5)
	}
	return strings.Join(names, ", ")
}

// snakeCase returns a name in the spelling of CLIProxyAPI's files: fooBar becomes
// foo_bar. It returns "" if the name has other characters.
func snakeCase(name string) string {
	var b strings.Builder
	for i, r := range name {
		switch {
		case r >= 'A' && r <= 'Z':
			if i > 0 {
				b.WriteByte('_')
			}
			b.WriteRune(r - 'A' + 'a')
		case r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '_':
			b.WriteRune(r)
		default:
			return ""
		}
	}
	return b.String()
}

// TextOrTexts returns a string, or a list of strings; nil for every other value.
func TextOrTexts(v gjson.Result) any {
	if s := credential.FirstText(v); s != "" {
		return s
	}
	var list []string
	for _, item := range v.Array() {
		if v.IsArray() && item.Type == gjson.String {
			list = append(list, item.Str)
		}
	}
	if len(list) == 0 {
		return nil
	}
	return list
}
