package config

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/flowgate-go/flowgate/internal/config/schema"
	"github.com/flowgate-go/flowgate/internal/config/yamlnode"
	"github.com/flowgate-go/flowgate/internal/suggest"
)

// resolveCredentials resolves credentials.upstream: each credential has a file or an
// environment variable.
func (r *resolver) resolveCredentials(upstream map[string]schema.CredentialDocument) {
	if len(upstream) == 0 {
		return
	}
	r.cfg.Credentials = make(map[string]Credential, len(upstream))
	for name, c := range upstream {
		keys := []string{"credentials", "upstream", name}
		f, _ := r.root.Lookup(keys...)
		_, hasFile := f.Value.Field("file")
		_, hasEnv := f.Value.Field("env")
		if hasFile == hasEnv && f.Value != nil && f.Value.Kind == yamlnode.MapKind {
			r.addProblem(keys, "write file: PATH or env: NAME", "%s must have exactly one of file and env",
				strings.Join(keys, "."))
		}
		if strings.ContainsAny(c.Env, "=$ /") {
			r.addProblem(append(keys, "env"), "write the bare name, as in OPENAI_API_KEY",
				"%q is not a valid name of an environment variable", yamlnode.RedactForMessage(c.Env, "key"))
		}
		r.cfg.Credentials[name] = Credential{File: r.resolvePath(c.File, append(keys, "file")...), Env: c.Env}
	}
}

// checkFragments checks the keys of the LiteLLM fragments that FlowGate itself reads; all
// other keys belong to LiteLLM and are passed on.
func (r *resolver) checkFragments() {
	if base, ok := r.root.Field("litellm_base"); ok {
		r.checkFragment(base.Value, "litellm_base")
	}
	profiles, _ := r.root.Field("profiles")
	if profiles.Value != nil {
		for _, p := range profiles.Value.Fields {
			r.checkFragment(p.Value, "profiles."+p.Key)
		}
	}
}

// checkFragment checks litellm_base, or one profile, at path.
func (r *resolver) checkFragment(n *yamlnode.Node, path string) {
	if n.Kind != yamlnode.MapKind {
		return // decode has reported it
	}
	for _, section := range [...]string{"litellm_settings", "router_settings", "general_settings"} {
		if f, ok := n.Field(section); ok && f.Value.Kind != yamlnode.MapKind && f.Value.Kind != yamlnode.NullKind {
			r.d.Add(f.Value.At, yamlnode.JoinPath(path, section), "", "%s must be a map, not %s",
				yamlnode.JoinPath(path, section), f.Value.Describe(yamlnode.JoinPath(path, section)))
		}
	}
	if f, ok := n.Field("model_list"); ok {
		r.checkModelList(f, yamlnode.JoinPath(path, "model_list"))
	}
	settings, _ := n.Field("litellm_settings")
	for _, key := range [...]string{"allowed_fails", "cooldown_time"} {
		if f, ok := settings.Value.Field(key); ok {
			r.d.Warn("setting-without-effect", path+".litellm_settings."+key, f.At,
				"LiteLLM ignores %s under litellm_settings; FlowGate moves it to router_settings, where it works", key)
		}
	}
	r.checkReferences(n, path)
}

// checkModelList checks that each deployment has the keys that every deployment needs.
func (r *resolver) checkModelList(f yamlnode.Field, path string) {
	if f.Value.Kind != yamlnode.ListKind {
		r.d.Add(f.Value.At, path, "write one - model_name: … for each deployment", "%s must be a list, not %s", path,
			f.Value.Describe(path))
		return
	}
	for i, item := range f.Value.Items {
		at := fmt.Sprintf("%s[%d]", path, i)
		if item.Kind != yamlnode.MapKind {
			r.d.Add(item.At, at, "", "%s must be a map, not %s", at, item.Describe(at))
			continue
		}
		if _, ok := item.Field("model_name"); !ok {
			r.d.Add(item.At, at+".model_name", "add model_name: … there", "missing key \"model_name\" in %s", at)
		}
		params, ok := item.Field("litellm_params")
		if !ok || params.Value.Kind != yamlnode.MapKind {
			r.d.Add(item.At, at+".litellm_params", "add litellm_params: {model: …} there",
				"missing map \"litellm_params\" in %s", at)
			continue
		}
		if _, ok := params.Value.Field("model"); !ok {
			r.d.Add(params.At, at+".litellm_params.model", "add model: … there", "missing key \"model\" in %s.litellm_params",
				at)
		}
	}
}

// ReferenceTarget returns the key that a reference to a credential stands for: api_key for
// api_key_ref, master_key for master_key_ref. Any other key that ends in _ref is a reference
// when its value names a credential.
func (c *Config) ReferenceTarget(key, value string) (target string, ok bool) {
	target, ok = strings.CutSuffix(key, "_ref")
	if !ok || target == "" {
		return "", false
	}
	_, isKnown := c.Credentials[value]
	return target, isKnown || target == "api_key" && value != "" || target == "master_key" && value != ""
}

// checkReferences checks every reference to a credential in n, which is at path.
func (r *resolver) checkReferences(n *yamlnode.Node, path string) {
	for i, item := range n.Items {
		r.checkReferences(item, fmt.Sprintf("%s[%d]", path, i))
	}
	for _, f := range n.Fields {
		at := yamlnode.JoinPath(path, f.Key)
		text, _ := f.Value.Value.(string)
		key, isRef := r.cfg.ReferenceTarget(f.Key, text)
		if !isRef && f.Key != "api_key_ref" && f.Key != "master_key_ref" {
			r.checkReferences(f.Value, at)
			continue
		}
		r.checkReference(f, at)
		if _, hasKey := n.Field(key); hasKey && isRef {
			r.d.Add(f.At, at, "keep one of the two", "%s and %s are both given in %s", key, f.Key, path)
		}
	}
}

// checkReference checks that a reference, at path, names a credential.
func (r *resolver) checkReference(f yamlnode.Field, path string) {
	name, ok := f.Value.Value.(string)
	if !ok {
		r.d.Add(f.Value.At, path, "", "%s must be the name of a credential, not %s", path, f.Value.Describe(path))
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
		name = yamlnode.RedactForMessage(name, "key") // it is probably the key itself and not a name
	}
	r.d.Add(f.Value.At, path, hint, "unknown credential %q", yamlnode.TruncateLine(name))
}
