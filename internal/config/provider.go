package config

import (
	"fmt"
	"slices"
	"strings"

	"github.com/flowgate-go/flowgate/internal/config/schema"
	"github.com/flowgate-go/flowgate/internal/config/yamlnode"
	"github.com/flowgate-go/flowgate/internal/suggest"
)

// resolveProviders takes the providers as written, without what is wrong in them.
func (r *resolver) resolveProviders(keys ...string) {
	f, ok := r.root.Lookup(keys...)
	if !ok || f.Value.Kind != yamlnode.MapKind {
		return
	}
	if r.cfg.Providers == nil {
		r.cfg.Providers = make(map[string]map[string]any, len(f.Value.Fields))
	}
	for _, p := range f.Value.Fields {
		settings, ok := p.Value.GoValue().(map[string]any)
		if !ok || strings.HasPrefix(p.Key, "_comment") {
			continue
		}
		path := yamlnode.JoinPath(strings.Join(keys, "."), p.Key)
		found := r.checkProvider(p, path)
		if !isProviderName(p.Key) {
			continue
		}
		for key := range settings {
			wrong := func(q yamlnode.Problem) bool { return isBelow(q.Path, yamlnode.JoinPath(path, key)) }
			if slices.Contains(schema.ProviderKeys(), key) && slices.ContainsFunc(found, wrong) {
				delete(settings, key)
			}
		}
		r.cfg.Providers[p.Key] = settings
	}
}

// checkProvider looks at one provider's keys and returns what is wrong with them.
func (r *resolver) checkProvider(p yamlnode.Field, path string) []yamlnode.Problem {
	own := yamlnode.NewDiagnosis(r.d.File)
	if !isProviderName(p.Key) {
		own.Add(p.At, path, "letters, digits, - and _ make a name: it becomes part of file names",
			"%q cannot be the name of a provider", yamlnode.RedactForMessage(p.Key, "key"))
	}
	var fields schema.ProviderFields
	schema.DecodeProvider(own, p.Value, p.At, path, &fields)
	own.Problems = slices.DeleteFunc(own.Problems, func(q yamlnode.Problem) bool { return isNote(q.Path, path) })
	if methods, ok := p.Value.Field("methods"); ok {
		for i, item := range methods.Value.Items {
			if name, ok := item.Value.(string); ok && !slices.Contains(schema.Methods(), name) {
				own.Add(item.At, fmt.Sprintf("%s.methods[%d]", path, i), suggest.Hint(name, schema.Methods()),
					"%q is not a method; there are %s", yamlnode.TruncateLine(name), strings.Join(schema.Methods(), ", "))
			}
		}
	}
	checkAddresses(own, p.Value, path)
	r.d.ProviderProblems = append(r.d.ProviderProblems, own.Problems...)
	if len(own.Problems) > 0 {
		if r.cfg.ProviderProblems == nil {
			r.cfg.ProviderProblems = map[string][]yamlnode.Problem{}
		}
		r.cfg.ProviderProblems[p.Key] = append(r.cfg.ProviderProblems[p.Key], own.Problems...)
	}
	return own.Problems
}

// isBelow reports whether a problem is at a key, or below it.
func isBelow(problem, key string) bool {
	rest, below := strings.CutPrefix(problem, key)
	return below && (rest == "" || rest[0] == '.' || rest[0] == '[')
}

// isNote reports an unknown key that is near no known one: old configurations
// have notes of their own there.
func isNote(problem, provider string) bool {
	key := strings.TrimPrefix(problem, provider+".")
	return !slices.Contains(schema.ProviderKeys(), key) && !strings.ContainsAny(key, ".[") && key != problem &&
		suggest.Nearest(key, schema.ProviderKeys()) == ""
}

// isProviderName reports whether a name can be part of file names.
func isProviderName(name string) bool {
	return name != "" && strings.Trim(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") == ""
}
