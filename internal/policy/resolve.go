package policy

import (
	"fmt"
	"strings"

	"github.com/flowgate-go/flowgate/internal/secret/redact"
)

// envReference begins LiteLLM's reference to an environment variable.
const envReference = "os.environ/"

// resolve returns v with api_key_ref and master_key_ref replaced by what they
// name, and a text ${NAME} by LiteLLM's spelling os.environ/NAME.
func (b *builder) resolve(v any, path string) (any, error) {
	switch v := v.(type) {
	case map[string]any:
		return b.resolveMap(v, path)
	case []any:
		out := make([]any, len(v))
		for i, inner := range v {
			resolved, err := b.resolve(inner, fmt.Sprintf("%s[%d]", path, i))
			if err != nil {
				return nil, err
			}
			out[i] = resolved
		}
		return out, nil
	case string:
		if name, ok := strings.CutPrefix(v, "${"); ok && redact.IsReference(v) {
			return envReference + strings.TrimSuffix(name, "}"), nil
		}
	}
	return v, nil
}

func (b *builder) resolveMap(m map[string]any, path string) (map[string]any, error) {
	out := make(map[string]any, len(m))
	for key, inner := range m {
		at := strings.TrimPrefix(path+"."+key, ".")
		name, isName := inner.(string)
		target, isRef := strings.CutSuffix(key, "_ref")
		var err error
		if isName && isRef && (target == "api_key" || target == "master_key") {
			out[target], err = b.credential(name, at)
		} else {
			out[key], err = b.resolve(inner, at)
		}
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

// collectReferences adds the names of the os.environ/NAME references in v to names.
func collectReferences(v any, names map[string]bool) {
	switch v := v.(type) {
	case map[string]any:
		for _, inner := range v {
			collectReferences(inner, names)
		}
	case []any:
		for _, inner := range v {
			collectReferences(inner, names)
		}
	case string:
		if name, ok := strings.CutPrefix(v, envReference); ok && name != "" {
			names[name] = true
		}
	}
}
