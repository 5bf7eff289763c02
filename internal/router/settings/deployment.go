package settings

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/samber/lo"

	"github.com/flowgate-go/flowgate/internal/router/settings/document"
)

// readModels reads model_list.
func readModels(s *Settings, top document.Section, forward forwardSettings) {
	seen := map[string]bool{}
	for i, v := range top.List("model_list") {
		path := []any{"model_list", i}
		entry := top.File().Mapping(path, v)
		d := readDeployment(entry, i)
		if d == nil {
			continue
		}
		if d.Base == nil && d.Mock == nil {
			s.DroppedGroups = append(s.DroppedGroups, d.Group)
			continue
		}
		if seen[d.ID] {
			top.File().Warn("deployment-id-duplicate", path, "two deployments have the id %q", d.ID)
		}
		seen[d.ID] = true
		d.ForwardRule = forward.ruleFor(d, entry)
		s.Deployments = append(s.Deployments, d)
	}
	s.Groups = lo.Uniq(lo.Map(s.Deployments, func(d *Deployment, _ int) string { return d.Group }))
	s.DroppedGroups = lo.Without(lo.Uniq(s.DroppedGroups), s.Groups...)
}

// readDeployment reads one entry of model_list. It returns nil when the file has an error.
func readDeployment(entry document.Section, index int) *Deployment {
	entry.WarnUnknown("model_name", "litellm_params", "model_info")
	params := entry.Sub("litellm_params")
	params.WarnUnknown("model", "api_base", "api_key", "custom_llm_provider", "timeout", "stream_timeout",
		"ttft_timeout",
		"keepalive_seconds", "num_retries", "cooldown_time", "weight", "rpm", "tpm", "order", "mock_response",
		"flowgate_forward_client_identity", "flowgate_cliproxyapi")
	group, _ := entry.Text("model_name")
	model, _ := params.Text("model")
	switch {
	case entry.File().Err() != nil:
		return nil
	case group == "":
		entry.File().Fail(entry.Path(), "the entry has no model_name")
		return nil
	case model == "":
		entry.File().Fail(entry.Path(), "the entry has no litellm_params.model")
		return nil
	}
	d := &Deployment{Group: group, Model: model, Order: 1}
	d.ID, _ = entry.Sub("model_info").Text("id")
	if d.ID == "" {
		sum := sha256.Sum256(fmt.Appendf(nil, "%d\x00%s\x00%s\x00%v", index, group, model, params.Value("api_base")))
		d.ID = hex.EncodeToString(sum[:16])
	}
	readTuning(d, params)
	readUpstream(d, params)
	if entry.File().Err() != nil {
		return nil
	}
	return d
}

// readTuning reads a deployment's own times, retries and weights.
func readTuning(d *Deployment, params document.Section) {
	d.Retries = params.Count("num_retries")
	d.Timeout, d.StreamTimeout = params.Seconds("timeout"), params.Seconds("stream_timeout")
	d.FirstContentTimeout, d.KeepAlive = params.Seconds("ttft_timeout"), params.Interval("keepalive_seconds")
	d.Cooldown = lo.FromPtr(params.Interval("cooldown_time"))
	d.Weight, d.RPM, d.TPM = params.Number("weight"), params.Number("rpm"), params.Number("tpm")
	if order := params.Number("order"); order != nil {
		d.Order = *order
	}
	if params.Has("mock_response") {
		text, _ := params.Text("mock_response")
		d.Mock = &text
	}
}

// readUpstream reads where the deployment's model is served, under which name, and
// with which key.
func readUpstream(d *Deployment, params document.Section) {
	prefix, name, _ := strings.Cut(d.Model, "/")
	if name == "" {
		prefix, name = guessProvider(d.Model), d.Model
	}
	if p, _ := params.Text("custom_llm_provider"); p != "" {
		prefix = p
		name = strings.TrimPrefix(d.Model, p+"/")
	}
	from := findProvider(prefix)
	d.Upstream, d.Kind = name, from.kind
	d.Key, d.MissingKey = params.Text("api_key")
	base, missing := params.Text("api_base")
	if missing != "" {
		params.Warn("environment-variable-unset", "api_base",
			"environment variable %s is not set; the deployment cannot serve", missing)
		return
	}
	if base == "" {
		base = from.base
		if base == "" && d.Mock == nil {
			params.Warn("provider-unknown", "model", "provider %q needs an api_base here; the deployment "+
				"cannot serve", prefix)
		}
		readUsualKey(d, from, params)
	}
	if d.MissingKey != "" {
		params.Warn("environment-variable-unset", "api_key",
			"environment variable %s is not set; the deployment answers 401 until it is", d.MissingKey)
	}
	if base != "" {
		d.Base = parseBase(d.Kind, base, params)
	}
}

// readUsualKey reads the key of a deployment at its provider's public address from
// the provider's usual variable when the entry has no key. It is called for that
// address only, so that the key is never sent to another one.
func readUsualKey(d *Deployment, from provider, params document.Section) {
	if from.keyVariable == "" || d.Key != "" || d.MissingKey != "" || d.Mock != nil {
		return
	}
	if d.Key = params.File().Getenv(from.keyVariable); d.Key == "" {
		d.MissingKey = from.keyVariable
	}
}
