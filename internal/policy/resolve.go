package policy

import (
	"slices"
	"strings"

	"github.com/flowgate-go/flowgate/internal/config/yamlnode"
	"github.com/flowgate-go/flowgate/internal/secret/redact"
)

// envReference begins LiteLLM's reference to an environment variable.
const envReference = "os.environ/"

// resolve returns v, the value at path, with each reference to a credential replaced by the
// credential's value, and each text ${NAME} by LiteLLM's form os.environ/NAME.
func (b *builder) resolve(v any, path []any) (any, error) {
	switch v := v.(type) {
	case map[string]any:
		return b.resolveMap(v, path)
	case []any:
		out := make([]any, len(v))
		for i, inner := range v {
			resolved, err := b.resolve(inner, append(path, i))
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

// resolveMap is resolve for a map.
func (b *builder) resolveMap(m map[string]any, path []any) (map[string]any, error) {
	out := make(map[string]any, len(m))
	path = slices.Clip(path) // so that each append below makes a new array
	for key, inner := range m {
		name, _ := inner.(string)
		target, isRef := b.cfg.ReferenceTarget(key, name)
		var err error
		if isRef {
			out[target], err = b.resolveReference(name, append(path, target), append(path, key))
		} else {
			out[key], err = b.resolve(inner, append(path, key))
		}
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

// resolveReference returns the value of the credential name for the key at path; reference is
// the path of the key that refers to it.
func (b *builder) resolveReference(name string, path, reference []any) (any, error) {
	if b.active.Credentials == nil {
		b.active.Credentials = map[string]string{}
	}
	b.active.Credentials[yamlnode.Dotted(path)] = name
	value, err := b.resolveCredential(name, yamlnode.Dotted(reference))
	if err == nil || !b.tolerant {
		return value, err
	}
	return b.recordUnresolved(name, slices.Clone(reference), err), nil
}

// CollectReferences adds the names of the os.environ/NAME references in v to names.
func CollectReferences(v any, names map[string]bool) {
	switch v := v.(type) {
	case map[string]any:
		for _, inner := range v {
			CollectReferences(inner, names)
		}
	case []any:
		for _, inner := range v {
			CollectReferences(inner, names)
		}
	case string:
		if name, ok := strings.CutPrefix(v, envReference); ok && name != "" {
			names[name] = true
		}
	}
}
