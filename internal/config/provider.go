package config

import (
	"fmt"
	"slices"
	"strings"

	"github.com/flowgate-go/flowgate/internal/suggest"
)

// resolveProviders takes the providers as written, without what is wrong in them.
func (r *resolver) resolveProviders(keys ...string) {
	f, ok := r.root.lookup(keys...)
	if !ok || f.value.kind != mapKind {
		return
	}
	if r.cfg.Providers == nil {
		r.cfg.Providers = make(map[string]map[string]any, len(f.value.fields))
	}
	for _, p := range f.value.fields {
		settings, ok := p.value.goValue().(map[string]any)
		if !ok || strings.HasPrefix(p.key, "_comment") {
			continue
		}
		path := joinPath(strings.Join(keys, "."), p.key)
		found := r.checkProvider(p, path)
		if !isProviderName(p.key) {
			continue
		}
		for key := range settings {
			wrong := func(q Problem) bool { return isBelow(q.Path, joinPath(path, key)) }
			if slices.Contains(ProviderKeys(), key) && slices.ContainsFunc(found, wrong) {
				delete(settings, key)
			}
		}
		r.cfg.Providers[p.key] = settings
	}
}

// checkProvider looks at one provider's keys and returns what is wrong with them.
func (r *resolver) checkProvider(p field, path string) []Problem {
	own := newDiagnosis(r.d.file)
	if !isProviderName(p.key) {
		own.add(p.at, path, "letters, digits, - and _ make a name: it becomes part of file names", "%q cannot be the name of a provider", redactForMessage(p.key, "key"))
	}
	var fields providerFields
	decodeProvider(own, p.value, p.at, path, &fields)
	own.problems = slices.DeleteFunc(own.problems, func(q Problem) bool { return isNote(q.Path, path) })
	if methods, ok := p.value.field("methods"); ok {
		for i, item := range methods.value.items {
			if name, ok := item.value.(string); ok && !slices.Contains(Methods(), name) {
				own.add(item.at, fmt.Sprintf("%s.methods[%d]", path, i), suggest.Hint(name, Methods()), "%q is not a method; there are %s", truncateLine(name), strings.Join(Methods(), ", "))
			}
		}
	}
	checkAddresses(own, p.value, path)
	r.d.providerProblems = append(r.d.providerProblems, own.problems...)
	if len(own.problems) > 0 {
		if r.cfg.ProviderProblems == nil {
			r.cfg.ProviderProblems = map[string][]Problem{}
		}
		r.cfg.ProviderProblems[p.key] = append(r.cfg.ProviderProblems[p.key], own.problems...)
	}
	return own.problems
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
	return !slices.Contains(ProviderKeys(), key) && !strings.ContainsAny(key, ".[") && key != problem && suggest.Nearest(key, ProviderKeys()) == ""
}

// isProviderName reports whether a name can be part of file names.
func isProviderName(name string) bool {
	return name != "" && strings.Trim(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") == ""
}
