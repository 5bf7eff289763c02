package document

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// At returns the path of the value under key.
func (s Section) At(key any) []any { return append(slices.Clone(s.path), key) }

// Path returns the section's own path.
func (s Section) Path() []any { return s.path }

// File returns the file that the section belongs to.
func (s Section) File() *File { return s.file }

// Copy returns the section in a copy of its file without the errors and warnings so far,
// so that it can be read again, and concurrently.
func (s Section) Copy() Section {
	file := *s.file
	file.Warnings, file.Problems, file.warned = nil, nil, nil
	s.file = &file
	return s
}

// Has reports whether key has a value that is not null.
func (s Section) Has(key string) bool { return s.values[key] != nil }

// Value returns the value under key as it was parsed, nil when absent.
func (s Section) Value(key string) any { return s.values[key] }

// Keys returns the keys of the section, sorted.
func (s Section) Keys() []string { return slices.Sorted(maps.Keys(s.values)) }

// Fail records an error in the value under key.
func (s Section) Fail(key, format string, args ...any) { s.file.Fail(s.At(key), format, args...) }

// Warn adds a warning about the value under key.
func (s Section) Warn(code, key, format string, args ...any) {
	s.file.Warn(code, s.At(key), format, args...)
}

// Sub returns the mapping under key. It is empty when absent or null.
func (s Section) Sub(key string) Section {
	return s.file.Mapping(s.At(key), s.values[key])
}

// IsMapping reports whether the value under key is a mapping.
func (s Section) IsMapping(key string) bool {
	_, ok := s.values[key].(map[string]any)
	return ok
}

// Mapping returns v, the value at path, as a section.
func (f *File) Mapping(path []any, v any) Section {
	out := Section{file: f, path: path}
	if v == nil {
		return out
	}
	m, ok := v.(map[string]any)
	if !ok {
		f.Fail(path, "expected a mapping, found %s", kindOf(v))
	}
	out.values = m
	return out
}

// List returns the list under key. It is empty when absent or null.
func (s Section) List(key string) []any {
	v := s.values[key]
	if v == nil {
		return nil
	}
	l, ok := v.([]any)
	if !ok {
		s.Fail(key, "expected a list, found %s", kindOf(v))
	}
	return l
}

// Text returns the string under key, with an os.environ/NAME reference resolved.
// missing names the variable of a reference that is not set.
func (s Section) Text(key string) (value, missing string) {
	v := s.values[key]
	if v == nil {
		return "", ""
	}
	str, ok := v.(string)
	if !ok {
		s.Fail(key, "expected text, found %s", kindOf(v))
		return "", ""
	}
	name, isRef := strings.CutPrefix(str, "os.environ/")
	if !isRef {
		return str, ""
	}
	if value = s.file.getenv(name); value == "" {
		return "", name
	}
	return value, ""
}

// Word is Text for a value that may be absent: a reference to a variable that is not set
// counts as absent, with a warning.
func (s Section) Word(key string) string {
	value, missing := s.Text(key)
	if missing != "" {
		s.Warn("environment-variable-unset", key, "environment variable %s is not set; %s counts as unset", missing, key)
	}
	return value
}

// Number returns the number under key, from 0 to 1e9, or nil when absent. A text with a
// number, or a reference to an environment variable with one, counts as that number.
func (s Section) Number(key string) *float64 {
	var f float64
	switch v := s.values[key].(type) {
	case nil:
		return nil
	case int:
		f = float64(v)
	case int64: // like uint64, for numbers beyond int
		f = float64(v)
	case uint64:
		f = float64(v)
	case float64:
		f = v
	case string:
		str, missing := s.Text(key)
		if missing != "" {
			s.Warn("environment-variable-unset", key, "environment variable %s is not set; the default is used",
				missing)
			return nil
		}
		n, err := strconv.ParseFloat(str, 64)
		if err != nil {
			s.Fail(key, "expected a number, found text")
			return nil
		}
		f = n
	default:
		s.Fail(key, "expected a number, found %s", kindOf(v))
		return nil
	}
	if f < 0 || math.IsNaN(f) || f > 1e9 {
		s.Fail(key, "expected a number from 0 to 1000000000")
		return nil
	}
	return &f
}

// Count returns the whole number under key, or nil when absent.
func (s Section) Count(key string) *int {
	f := s.Number(key)
	if f == nil {
		return nil
	}
	if *f != math.Trunc(*f) {
		s.Fail(key, "expected a whole number")
	}
	n := int(*f)
	return &n
}

// Seconds returns the timeout under key, which is written in seconds, or 0 when absent. An
// explicit 0 counts as absent, with a warning.
func (s Section) Seconds(key string) time.Duration {
	f := s.Number(key)
	if f == nil {
		return 0
	}
	if *f == 0 {
		s.Warn("timeout-zero", key, "%s: 0 is treated as unset: expected seconds above 0", key)
	}
	return time.Duration(*f * float64(time.Second))
}

// Interval returns the duration under key, which is written in seconds, or nil when
// absent. An explicit 0 is allowed.
func (s Section) Interval(key string) *time.Duration {
	f := s.Number(key)
	if f == nil {
		return nil
	}
	d := time.Duration(*f * float64(time.Second))
	return &d
}

// Flag returns the boolean under key; false when absent. LiteLLM reads YAML 1.1, where
// yes, no, on and off are booleans too.
func (s Section) Flag(key string) bool {
	switch v := s.values[key].(type) {
	case nil:
		return false
	case bool:
		return v
	case string:
		switch v {
		case "yes", "Yes", "YES", "on", "On", "ON":
			return true
		case "no", "No", "NO", "off", "Off", "OFF":
			return false
		}
	}
	s.Fail(key, "expected true or false, found %s", kindOf(s.values[key]))
	return false
}

// AsText returns the text, number or boolean under key as Python's str() writes it in
// LiteLLM. ok is false for other values.
func (s Section) AsText(key string) (text string, ok bool) {
	switch v := s.values[key].(type) {
	case string:
		text, _ = s.Text(key)
		return text, true
	case bool:
		if v {
			return "True", true
		}
		return "False", true
	case int, int64, uint64:
		return fmt.Sprint(v), true
	case float64:
		text = strconv.FormatFloat(v, 'f', -1, 64)
		if !strings.Contains(text, ".") {
			text += ".0"
		}
		return text, true
	}
	return "", false
}

// Names returns the list of model groups under key.
func (s Section) Names(key string) []string { return s.Texts(key, "the name of a model group") }

// Texts returns the list of strings under key; expected says in messages what each of them is.
func (s Section) Texts(key, expected string) []string {
	return s.file.texts(s.At(key), s.List(key), expected)
}

// texts returns list, the value at path, as strings.
func (f *File) texts(path []any, list []any, expected string) []string {
	out := make([]string, 0, len(list))
	for i, v := range list {
		text, ok := v.(string)
		if !ok {
			f.Fail(append(slices.Clone(path), i), "expected %s, found %s", expected, kindOf(v))
		}
		out = append(out, text)
	}
	return out
}

// Chains returns LiteLLM's fallbacks under key: a list of mappings from a group to a list of groups.
func (s Section) Chains(key string) map[string][]string {
	out := map[string][]string{}
	for i, v := range s.List(key) {
		at := append(s.At(key), i)
		entry, isMapping := v.(map[string]any)
		if !isMapping {
			s.file.Fail(at, "expected a mapping such as GROUP: [OTHER], found %s", kindOf(v))
		}
		if entry["fallback_models"] != nil { // as LiteLLM's Python library has it for one request
			s.file.Fail(at, "write it as %v: [OTHER]", cmp.Or(entry["model"], any("GROUP")))
			continue
		}
		for _, group := range slices.Sorted(maps.Keys(entry)) {
			path := append(slices.Clone(at), group)
			if list, isList := entry[group].([]any); isList {
				out[group] = s.file.texts(path, list, "the name of a model group")
				continue
			}
			s.file.Fail(path, "expected a list of groups, such as GROUP: [OTHER], found %s", kindOf(entry[group]))
		}
	}
	return out
}

// WarnUnknown warns about each key that is not among known.
func (s Section) WarnUnknown(known ...string) {
	s.warnUnless(func(key string) bool { return slices.Contains(known, key) })
}

// WarnUnknownIn is WarnUnknown for many keys, which several sections share.
func (s Section) WarnUnknownIn(known map[string]bool) {
	s.warnUnless(func(key string) bool { return known[key] })
}

// warnUnless warns about each key for which isKnown returns false.
func (s Section) warnUnless(isKnown func(key string) bool) {
	var unknown []string
	for key := range s.values {
		if !isKnown(key) {
			unknown = append(unknown, key)
		}
	}
	slices.Sort(unknown)
	for _, key := range unknown {
		s.Warn("setting-without-effect", key, "%s has no effect in the embedded router", key)
	}
}

// kindOf returns what a value is in the words of messages: the number itself for a number.
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
