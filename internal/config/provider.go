package config

import (
	"fmt"
	"slices"
	"strings"

	"github.com/flowgate-go/flowgate/internal/config/schema"
	"github.com/flowgate-go/flowgate/internal/config/yamlnode"
	"github.com/flowgate-go/flowgate/internal/suggest"
)

// resolveProviders takes the providers at keys as written, without the keys that have mistakes.
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
		problems := r.checkProvider(p, path)
		if !isProviderName(p.Key) {
			continue
		}
		for key := range settings {
			isAtKey := func(q yamlnode.Problem) bool { return isBelow(q.Path, yamlnode.JoinPath(path, key)) }
			if slices.Contains(schema.ProviderKeys(), key) && slices.ContainsFunc(problems, isAtKey) {
				delete(settings, key)
			}
		}
		r.cfg.Providers[p.Key] = settings
	}
}

// checkProvider checks one provider's keys and returns the problems.
func (r *resolver) checkProvider(p yamlnode.Field, path string) []yamlnode.Problem {
	diag := yamlnode.NewDiagnosis(r.d.File)
	if !isProviderName(p.Key) {
		diag.Add(p.At, path, "write letters, digits, - and _ only: the name becomes part of file names",
			"%q cannot be the name of a provider", yamlnode.RedactForMessage(p.Key, "key"))
	}
	var fields schema.ProviderFields
	schema.DecodeProvider(diag, p.Value, p.At, path, &fields)
	diag.Problems = slices.DeleteFunc(diag.Problems, func(q yamlnode.Problem) bool { return isNote(q.Path, path) })
	if methods, ok := p.Value.Field("methods"); ok {
		for i, item := range methods.Value.Items {
			if name, ok := item.Value.(string); ok && !slices.Contains(schema.Methods(), name) {
				diag.Add(item.At, fmt.Sprintf("%s.methods[%d]", path, i), suggest.Hint(name, schema.Methods()),
					"%q is not a method; the methods are %s", yamlnode.TruncateLine(name), strings.Join(schema.Methods(), ", "))
			}
		}
	}
	checkAddresses(diag, p.Value, path)
	r.d.ProviderProblems = append(r.d.ProviderProblems, diag.Problems...)
	if len(diag.Problems) > 0 {
		if r.cfg.ProviderProblems == nil {
			r.cfg.ProviderProblems = map[string][]yamlnode.Problem{}
		}
		r.cfg.ProviderProblems[p.Key] = append(r.cfg.ProviderProblems[p.Key], diag.Problems...)
	}
	return diag.Problems
}

// isBelow reports whether a path is that of a key, or below it.
func isBelow(path, key string) bool {
	rest, hasPrefix := strings.CutPrefix(path, key)
	return hasPrefix && (rest == "" || rest[0] == '.' || rest[0] == '[')
}

// isNote reports whether a path is that of an unknown key of a provider that resembles no
// known key: old configurations have their users' notes there.
func isNote(path, provider string) bool {
	key := strings.TrimPrefix(path, provider+".")
	return !slices.Contains(schema.ProviderKeys(), key) && !strings.ContainsAny(key, ".[") && key != path &&
		suggest.Nearest(key, schema.ProviderKeys()) == ""
}

// isProviderName reports whether a name can be part of file names.
func isProviderName(name string) bool {
	return name != "" && strings.Trim(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") == ""
}
