package router

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/samber/lo"
)

// models reads model_list.
func models(s *Settings, top section) {
	seen := map[string]bool{}
	for i, v := range top.list("model_list") {
		path := []any{"model_list", i}
		entry := top.doc.mapping(path, v)
		d := deployment(entry, i)
		if d == nil {
			continue
		}
		if d.base == nil && d.mock == nil {
			s.dropped = append(s.dropped, d.Group)
			continue
		}
		if seen[d.ID] {
			top.doc.warn("deployment-id-duplicate", path, "two deployments have the id %q", d.ID)
		}
		seen[d.ID] = true
		d.forward = s.forward.deployment(d, entry)
		s.Deployments = append(s.Deployments, d)
	}
	s.names = lo.Uniq(lo.Map(s.Deployments, func(d *Deployment, _ int) string { return d.Group }))
	s.dropped = lo.Without(lo.Uniq(s.dropped), s.names...)
}

// deployment reads one entry of model_list; nil when the document is in error.
func deployment(entry section, index int) *Deployment {
	entry.known("model_name", "litellm_params", "model_info")
	params := entry.sub("litellm_params")
	params.known("model", "api_base", "api_key", "custom_llm_provider", "timeout", "stream_timeout", "ttft_timeout", "keepalive_seconds", "num_retries",
		"cooldown_time", "weight", "rpm", "tpm", "order", "mock_response", "flowgate_forward_client_identity", "flowgate_cliproxyapi")
	group, _ := entry.text("model_name")
	model, _ := params.text("model")
	switch {
	case entry.doc.err != nil:
		return nil
	case group == "":
		entry.doc.fail(entry.path, "the entry has no model_name")
		return nil
	case model == "":
		entry.doc.fail(entry.path, "the entry has no litellm_params.model")
		return nil
	}
	d := &Deployment{Group: group, Model: model, order: 1}
	d.ID, _ = entry.sub("model_info").text("id")
	if d.ID == "" {
		sum := sha256.Sum256(fmt.Appendf(nil, "%d\x00%s\x00%s\x00%v", index, group, model, params.values["api_base"]))
		d.ID = hex.EncodeToString(sum[:16])
	}
	upstream(d, params)
	tuning(d, params)
	if entry.doc.err != nil {
		return nil
	}
	return d
}

func tuning(d *Deployment, params section) {
	d.retries = params.count("num_retries")
	d.timeout, d.stream, d.firstContent = params.seconds("timeout"), params.seconds("stream_timeout"), params.seconds("ttft_timeout")
	d.keepAlive = params.interval("keepalive_seconds")
	d.cooldown = lo.FromPtr(length(params))
	d.weight, d.rpm, d.tpm = params.number("weight"), params.number("rpm"), params.number("tpm")
	if order := params.number("order"); order != nil {
		d.order = *order
	}
	if params.values["mock_response"] != nil {
		text, _ := params.text("mock_response")
		d.mock = &text
	}
}

// upstream finds out where the deployment's model is served and how.
func upstream(d *Deployment, params section) {
	provider, name, _ := strings.Cut(d.Model, "/")
	if name == "" {
		provider, name = family(d.Model), d.Model
	}
	if p, _ := params.text("custom_llm_provider"); p != "" {
		provider = p
		name = strings.TrimPrefix(d.Model, p+"/")
	}
	d.Upstream = name
	if provider == "anthropic" {
		d.Kind = Anthropic
	}
	d.key, d.missing = params.text("api_key")
	base, missing := params.text("api_base")
	if missing != "" {
		params.doc.warn("environment-variable-unset", params.at("api_base"), "environment variable %s is not set; the deployment cannot serve", missing)
		return
	}
	if base == "" {
		if base = home(d, provider, params); base == "" && d.mock == nil {
			params.doc.warn("provider-unknown", params.at("model"), "provider %q needs an api_base here; the deployment cannot serve", provider)
		}
	}
	if d.missing != "" {
		params.doc.warn("environment-variable-unset", params.at("api_key"), "environment variable %s is not set; the deployment answers 401 until it is", d.missing)
	}
	if base != "" {
		d.base = parseBase(d.Kind, base, params)
	}
}

// home is the provider's own address; its usual environment variable holds the
// key when the entry names none. That key is never sent anywhere else.
func home(d *Deployment, provider string, params section) string {
	base, variable := "", ""
	switch provider {
	case "openai":
		base, variable = "https://api.openai.com/v1", "OPENAI_API_KEY"
	case "anthropic":
		base, variable = "https://api.anthropic.com", "ANTHROPIC_API_KEY"
	default:
		return ""
	}
	if d.key == "" && d.missing == "" && d.mock == nil {
		if d.key = params.doc.getenv(variable); d.key == "" {
			d.missing = variable
		}
	}
	return base
}

// family guesses the provider of a model name that has no prefix, as LiteLLM does by its model table.
func family(model string) string {
	prefixes := map[string][]string{
		"openai":    {"gpt-", "chatgpt-", "o1", "o3", "o4", "text-embedding-"},
		"anthropic": {"claude-"},
	}
	for provider, list := range prefixes {
		if slices.ContainsFunc(list, func(p string) bool { return strings.HasPrefix(model, p) }) {
			return provider
		}
	}
	return ""
}

// withoutEndpoint takes a whole endpoint for the base that it stands below:
// http://127.0.0.1:8317/v1/chat/completions for http://127.0.0.1:8317/v1. It
// takes slashes at the end away.
func withoutEndpoint(u *url.URL) *url.URL {
	base := *u
	for _, s := range specs {
		base.Path = strings.TrimRight(u.Path, "/")
		if path, ok := strings.CutSuffix(base.Path, "/"+s.path); ok {
			base.Path, base.RawPath = path, strings.TrimSuffix(strings.TrimRight(u.RawPath, "/"), "/"+s.path)
			break
		}
	}
	return &base
}

// parseBase checks api_base and, for Anthropic, adds the version folder that
// LiteLLM adds by itself.
func parseBase(kind Kind, base string, params section) *url.URL {
	u, err := url.Parse(strings.TrimRight(base, "/"))
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
		params.doc.fail(params.at("api_base"), "expected an address such as http://127.0.0.1:8317/v1")
		return nil
	}
	if u.User != nil {
		params.doc.fail(params.at("api_base"), "the address holds a user name; put the key into api_key")
		return nil
	}
	u = withoutEndpoint(u)
	if u.Path == "" {
		u.Path = "/" // JoinPath would make a relative path of an empty one
	}
	if kind == Anthropic && !strings.HasSuffix(u.Path, "/v1") {
		u = u.JoinPath("v1")
	}
	u.Fragment = ""
	return u
}
