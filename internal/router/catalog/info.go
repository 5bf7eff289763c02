package catalog

import (
	"slices"

	"github.com/samber/lo"

	"github.com/flowgate-go/flowgate/internal/router/dialect"
	"github.com/flowgate-go/flowgate/internal/router/settings"
)

// infoEntry is one line of GET /model/info: a deployment.
type infoEntry struct {
	ModelName string         `json:"model_name"`
	Params    infoParams     `json:"litellm_params"`
	Info      map[string]any `json:"model_info"`
}

// infoParams is the part of litellm_params that the list shows. LiteLLM shows the api_base too.
type infoParams struct {
	Model string `json:"model"`
}

// list is the form of LiteLLM's lists.
type list struct {
	Data any `json:"data"`
}

// Info returns the body of GET /model/info: every deployment, or the one with that id.
func (c *Catalog) Info(id string) []byte {
	lines := []infoEntry{}
	for _, d := range c.deployments {
		if id != "" && d.ID != id {
			continue
		}
		info := map[string]any{"max_tokens": nil, "max_input_tokens": nil, "max_output_tokens": nil, "mode": nil}
		for key, value := range d.Info {
			if isEncodable(value) {
				info[key] = value
			}
		}
		info["id"], info["db_model"], info["key"] = d.ID, false, d.Model
		info["litellm_provider"] = d.Provider
		if mode := d.Mode(); mode != "" {
			info["mode"] = mode
		}
		lines = append(lines, infoEntry{ModelName: d.Group, Params: infoParams{d.Model}, Info: info})
	}
	return dialect.EncodeJSON(list{lines})
}

// groupInfo is one line of GET /model_group/info.
type groupInfo struct {
	ModelGroup         string   `json:"model_group"`
	Providers          []string `json:"providers"`
	MaxInputTokens     *int     `json:"max_input_tokens"`
	MaxOutputTokens    *int     `json:"max_output_tokens"`
	InputCostPerToken  *float64 `json:"input_cost_per_token"`
	OutputCostPerToken *float64 `json:"output_cost_per_token"`
	Mode               *string  `json:"mode"`
	TPM                *float64 `json:"tpm"`
	RPM                *float64 `json:"rpm"`
	SupportsVision     bool     `json:"supports_vision"`
	SupportsWebSearch  bool     `json:"supports_web_search"`
	SupportsReasoning  bool     `json:"supports_reasoning"`
	SupportsFunctions  bool     `json:"supports_function_calling"`
	SupportsParallel   bool     `json:"supports_parallel_function_calling"`
}

// Groups returns the body of GET /model_group/info: every model that is listed, or the
// one of that name.
func (c *Catalog) Groups(name string) []byte {
	lines := []groupInfo{}
	for i := range c.models {
		if m := &c.models[i]; name == "" || m.name == name {
			lines = append(lines, newGroupInfo(m))
		}
	}
	return dialect.EncodeJSON(list{lines})
}

// newGroupInfo returns the line of a model. Its limits of tokens are the smallest of its
// deployments and its prices the highest, since any deployment may get the request. TPM and
// RPM are the sums of its deployments.
func newGroupInfo(m *model) groupInfo {
	line := groupInfo{ModelGroup: m.name, Providers: []string{},
		MaxInputTokens: m.smallest("max_input_tokens"), MaxOutputTokens: m.smallest("max_output_tokens"),
		SupportsVision: m.supports("supports_vision"), SupportsWebSearch: m.supports("supports_web_search"),
		SupportsReasoning: m.supports("supports_reasoning"), SupportsFunctions: m.supports("supports_function_calling"),
		SupportsParallel: m.supports("supports_parallel_function_calling"), Mode: lo.EmptyableToPtr(m.mode())}
	line.Providers = append(line.Providers, lo.Uniq(lo.FilterMap(m.deployments,
		func(d *settings.Deployment, _ int) (string, bool) { return d.Provider, d.Provider != "" }))...)
	for _, d := range m.deployments {
		line.InputCostPerToken = largest(line.InputCostPerToken, d.InputCost)
		line.OutputCostPerToken = largest(line.OutputCostPerToken, d.OutputCost)
		line.TPM, line.RPM = sum(line.TPM, d.MaxTPM), sum(line.RPM, d.MaxRPM)
	}
	return line
}

// largest returns the larger of two numbers, or the only one that is not nil.
func largest(a, b *float64) *float64 {
	if a == nil || b != nil && *b > *a {
		return b
	}
	return a
}

// sum returns the sum of the numbers that are not nil; nil when there is none.
func sum(numbers ...*float64) *float64 {
	known := slices.DeleteFunc(numbers, func(n *float64) bool { return n == nil })
	if len(known) == 0 {
		return nil
	}
	return new(lo.SumBy(known, func(n *float64) float64 { return *n }))
}
