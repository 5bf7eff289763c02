package settings

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/samber/lo"

	"github.com/flowgate-go/flowgate/internal/router/settings/document"
)

// readModels reads model_list into the deployments, groups and patterns of s.
func readModels(s *Settings, top document.Section, forward forwardSettings) {
	checksPrompts := top.Sub("router_settings").Flag("enable_pre_call_checks")
	seen, rows, credentials := map[string]bool{}, providers{}, readCredentials(top)
	knownKeys := lo.SliceToMap(knownParams(), func(key string) (string, bool) { return key, true })
	s.patterns = patterns{top: top, forward: forward}
	for i, v := range top.List("model_list") {
		path, warningsBefore := []any{"model_list", i}, len(top.File().Warnings)
		entry, ok := readEntry(top, path, v)
		if !ok {
			continue
		}
		d := readDeployment(entry, i, knownKeys)
		if d == nil {
			continue
		}
		if limit := entry.Sub("model_info").Count("max_input_tokens"); limit != nil && checksPrompts {
			d.MaxInputTokens = *limit
		}
		beforeUpstream := *d
		serves := canServe(d, entry, rows, credentials)
		d.Warnings = slices.Clip(top.File().Warnings[warningsBefore:])
		if !serves {
			s.DroppedGroups, s.Unserved = append(s.DroppedGroups, d.Group), append(s.Unserved, d)
			continue
		}
		if seen[d.ID] {
			top.File().Warn("deployment-id-duplicate", path, "two deployments have the id %q", d.ID)
		}
		seen[d.ID] = true
		d.ForwardRule = forward.ruleFor(d, entry)
		s.Deployments = append(s.Deployments, d)
		s.ChecksPrompts = s.ChecksPrompts || d.MaxInputTokens > 0
		if isPattern(d.Group) {
			s.patterns.add(i, &beforeUpstream)
		}
	}
	s.patterns.sort()
	s.collectGroups()
}

// readEntry returns v, an entry of model_list, as a section. ok is false when it is not a
// mapping, or its litellm_params are not, which is recorded as an error.
func readEntry(top document.Section, path []any, v any) (entry document.Section, ok bool) {
	if v == nil {
		top.File().Fail(path, "the entry is empty")
		return entry, false
	}
	entry = top.File().Mapping(path, v)
	_, isMapping := v.(map[string]any)
	return entry, isMapping && (!entry.Has("litellm_params") || entry.IsMapping("litellm_params"))
}

// collectGroups sets the names of the groups that can serve and of the groups that cannot.
func (s *Settings) collectGroups() {
	groups := lo.Map(s.Deployments, func(d *Deployment, _ int) string { return d.Group })
	s.Groups = lo.Reject(lo.Uniq(groups), func(group string, _ int) bool { return isPattern(group) })
	s.DroppedGroups = lo.Without(lo.Uniq(s.DroppedGroups), s.Groups...)
}

// canServe reads where an entry's model is served, and reports whether the deployment can
// serve. A warning says why it cannot.
func canServe(d *Deployment, entry document.Section, rows providers, credentials credentials) bool {
	params := entry.Sub("litellm_params")
	if d.Model == "" {
		return false
	}
	if infersProvider(d, params) {
		return true
	}
	if strings.Contains(d.Model, "*") && !isPattern(d.Group) && d.Mock == nil {
		params.Warn("pattern-unmatched", "model", "model_name has no *, so that nothing takes the place of the one in %q; "+
			"the deployment cannot serve", d.Model)
		return false
	}
	readUpstream(d, newUpstreamEntry(entry, credentials), rows)
	return d.Base != nil || d.Mock != nil
}

// readDeployment reads one entry of model_list, except where its model is served. It
// returns nil when the entry has an error, or a model_name from a variable that is not
// set. knownKeys are the keys of litellm_params that cause no warning. A deployment
// without Model cannot serve.
func readDeployment(entry document.Section, index int, knownKeys map[string]bool) *Deployment {
	problemsBefore := len(entry.File().Problems)
	entry.WarnUnknown("model_name", "litellm_params", "model_info", "rpm", "tpm")
	params := entry.Sub("litellm_params")
	params.WarnUnknownIn(knownKeys)
	group, missingGroup := entry.Text("model_name")
	model, missingModel := params.Text("model")
	switch {
	case len(entry.File().Problems) > problemsBefore:
		return nil
	case missingGroup != "":
		warnUnset(entry, "model_name", missingGroup)
		return nil
	case group == "":
		entry.File().Fail(entry.Path(), "the entry has no model_name")
		return nil
	case missingModel != "":
		warnUnset(params, "model", missingModel)
	case model == "":
		entry.File().Fail(entry.Path(), "the entry has no litellm_params.model")
		return nil
	}
	d := &Deployment{Index: index, Group: group, Model: model, Order: 1}
	d.Info, _ = entry.Value("model_info").(map[string]any) // a value that is not a mapping is an error already
	d.ID = entry.Sub("model_info").Word("id")
	if d.ID == "" {
		sum := sha256.Sum256(fmt.Appendf(nil, "%d\x00%s\x00%s\x00%v", index, group, model, params.Value("api_base")))
		d.ID = hex.EncodeToString(sum[:16])
	}
	readTuning(d, params)
	readUsageLimits(d, entry)
	readParams(d, params)
	if len(entry.File().Problems) > problemsBefore {
		return nil
	}
	return d
}

// warnUnset warns that a deployment cannot serve because an environment variable is not set.
func warnUnset(section document.Section, key, variable string) {
	section.Warn("environment-variable-unset", key,
		"environment variable %s is not set; the deployment cannot serve", variable)
}

// readTuning reads a deployment's own times, retries and weights.
func readTuning(d *Deployment, params document.Section) {
	d.Retries = params.Count("num_retries")
	d.Timeout, d.StreamTimeout = params.Seconds("timeout"), params.Seconds("stream_timeout")
	d.FirstContentTimeout, d.KeepAlive = params.Seconds("ttft_timeout"), params.Interval("keepalive_seconds")
	d.CooldownTime = lo.FromPtr(params.Interval("cooldown_time"))
	d.Weight, d.RPM, d.TPM = params.Number("weight"), params.Number("rpm"), params.Number("tpm")
	if order := params.Number("order"); order != nil {
		d.Order = *order
	}
	if text := params.Word("mock_response"); text != "" || params.Value("mock_response") == "" {
		d.Mock = &text
	}
}
