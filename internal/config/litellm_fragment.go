package config

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/flowgate-go/flowgate/internal/suggest"
)

// resolveCredentials takes credentials.upstream: each has a file or a variable.
func (r *resolver) resolveCredentials(upstream map[string]credentialDocument) {
	if len(upstream) == 0 {
		return
	}
	r.cfg.Credentials = make(map[string]Credential, len(upstream))
	for name, c := range upstream {
		keys := []string{"credentials", "upstream", name}
		f, _ := r.root.lookup(keys...)
		_, hasFile := f.value.field("file")
		_, hasEnv := f.value.field("env")
		if hasFile == hasEnv && f.value != nil && f.value.kind == mapKind {
			r.addProblem(keys, "write file: PATH or env: NAME", "%s must have exactly one of file and env", strings.Join(keys, "."))
		}
		if strings.ContainsAny(c.Env, "=$ /") {
			r.addProblem(append(keys, "env"), "write the bare name, as in OPENAI_API_KEY", "%q is no name of an environment variable", redactForMessage(c.Env, "key"))
		}
		r.cfg.Credentials[name] = Credential{File: r.resolvePath(c.File, append(keys, "file")...), Env: c.Env}
	}
}

// checkFragments checks what FlowGate itself reads in the LiteLLM fragments; all
// else in them belongs to LiteLLM and is passed on.
func (r *resolver) checkFragments() {
	if base, ok := r.root.field("litellm_base"); ok {
		r.checkFragment(base.value, "litellm_base")
	}
	profiles, _ := r.root.field("profiles")
	if profiles.value != nil {
		for _, p := range profiles.value.fields {
			r.checkFragment(p.value, "profiles."+p.key)
		}
	}
}

func (r *resolver) checkFragment(n *node, path string) {
	if n.kind != mapKind {
		return // decode has reported it
	}
	for _, section := range [...]string{"litellm_settings", "router_settings", "general_settings"} {
		if f, ok := n.field(section); ok && f.value.kind != mapKind && f.value.kind != nullKind {
			r.d.add(f.value.at, joinPath(path, section), "", "%s must be a map, not %s", joinPath(path, section), f.value.describe(joinPath(path, section)))
		}
	}
	if f, ok := n.field("model_list"); ok {
		r.checkModelList(f, joinPath(path, "model_list"))
	}
	settings, _ := n.field("litellm_settings")
	for _, key := range [...]string{"allowed_fails", "cooldown_time"} {
		if f, ok := settings.value.field(key); ok {
			r.d.warn("setting-without-effect", path+".litellm_settings."+key, f.at, "LiteLLM ignores %s under litellm_settings; FlowGate moves it to router_settings, where it works", key)
		}
	}
	r.checkReferences(n, path)
}

// checkModelList checks the outer shape of the deployments.
func (r *resolver) checkModelList(f field, path string) {
	if f.value.kind != listKind {
		r.d.add(f.value.at, path, "write one - model_name: … for each deployment", "%s must be a list, not %s", path, f.value.describe(path))
		return
	}
	for i, item := range f.value.items {
		at := fmt.Sprintf("%s[%d]", path, i)
		if item.kind != mapKind {
			r.d.add(item.at, at, "", "%s must be a map, not %s", at, item.describe(at))
			continue
		}
		if _, ok := item.field("model_name"); !ok {
			r.d.add(item.at, at+".model_name", "add model_name: … there", "missing key \"model_name\" in %s", at)
		}
		params, ok := item.field("litellm_params")
		if !ok || params.value.kind != mapKind {
			r.d.add(item.at, at+".litellm_params", "add litellm_params: {model: …} there", "missing map \"litellm_params\" in %s", at)
			continue
		}
		if _, ok := params.value.field("model"); !ok {
			r.d.add(params.at, at+".litellm_params.model", "add model: … there", "missing key \"model\" in %s.litellm_params", at)
		}
	}
}

// checkReferences checks every api_key_ref and master_key_ref in n.
func (r *resolver) checkReferences(n *node, path string) {
	for i, item := range n.items {
		r.checkReferences(item, fmt.Sprintf("%s[%d]", path, i))
	}
	for _, f := range n.fields {
		at := joinPath(path, f.key)
		key, isRef := strings.CutSuffix(f.key, "_ref")
		if !isRef || key != "api_key" && key != "master_key" {
			r.checkReferences(f.value, at)
			continue
		}
		r.checkReference(f, at)
		if _, both := n.field(key); both {
			r.d.add(f.at, at, "keep one of the two", "%s and %s are both given in %s", key, f.key, path)
		}
	}
}

func (r *resolver) checkReference(f field, path string) {
	name, ok := f.value.value.(string)
	if !ok {
		r.d.add(f.value.at, path, "", "%s must be the name of a credential, not %s", path, f.value.describe(path))
		return
	}
	if _, ok := r.cfg.Credentials[name]; ok {
		return
	}
	known := slices.Sorted(maps.Keys(r.cfg.Credentials))
	hint := "add it: credentials.upstream.NAME: {file: …} or {env: …}"
	if near := suggest.Hint(name, known); near != "" {
		hint = near
	} else if len(name) > 16 {
		name = redactForMessage(name, "key") // rather the key itself than a name
	}
	r.d.add(f.value.at, path, hint, "unknown credential %q", truncateLine(name))
}
