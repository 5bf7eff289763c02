package redact

import "fmt"

// FindWritten calls note with the path of each value in v, which is at path, that Keys would hide: a
// secret that is written out, not a reference to one.
func FindWritten(v any, path string, note func(string)) {
	switch v := v.(type) {
	case map[string]any:
		for key, inner := range v {
			at := path + "." + key
			if text, ok := inner.(string); ok {
				if NamedValue(key, text) != text {
					note(at)
				}
				continue
			}
			FindWritten(inner, at, note)
		}
	case []any:
		for i, inner := range v {
			FindWritten(inner, fmt.Sprintf("%s[%d]", path, i), note)
		}
	}
}
