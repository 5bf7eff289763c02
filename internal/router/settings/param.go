package settings

import (
	"encoding/json"
	"slices"
	"strconv"

	"github.com/flowgate-go/flowgate/internal/router/settings/document"
)

// Param is a parameter that an entry gives to requests whose clients do not send it.
type Param struct {
	Name    string // its name in chat requests; with IsExtra the name of the member
	Value   []byte // JSON
	IsExtra bool   // a member of extra_body, which is the same in every dialect
}

// numberParams are the parameters in litellm_params whose values are numbers, otherParams
// the other ones.
var (
	numberParams = []string{"dimensions", "frequency_penalty", "max_completion_tokens", "max_tokens", "min_p", "n",
		"output_compression", "presence_penalty", "repetition_penalty", "seed", "speed", "temperature", "top_k",
		"top_logprobs", "top_n", "top_p"}
	otherParams = []string{"background", "encoding_format", "input_type", "instructions", "language", "logit_bias",
		"logprobs", "modalities", "output_format", "parallel_tool_calls", "prompt_cache_key", "quality",
		"reasoning_effort", "response_format", "return_documents", "safety_identifier", "service_tier", "size", "stop",
		"store", "style", "thinking", "tool_choice", "tools", "user", "verbosity", "voice", "web_search_options"}
)

// paramNames returns the keys of litellm_params that become members of requests.
func paramNames() []string { return append(slices.Concat(numberParams, otherParams), "extra_body") }

// readParams reads the parameters that an entry gives to requests.
func readParams(d *Deployment, params document.Section) {
	for _, name := range params.Keys() {
		if !slices.Contains(numberParams, name) && !slices.Contains(otherParams, name) {
			continue
		}
		if value, ok := readParam(params, name); ok {
			d.Params = append(d.Params, Param{Name: name, Value: value})
		}
	}
	extra := params.Sub("extra_body")
	for _, name := range extra.Keys() {
		if name == "stream" || name == "model" {
			extra.Warn("request-parameter-ignored", name, "%s is the client's to choose; the member is not sent", name)
		} else if value, ok := readParam(extra, name); ok {
			d.Params = append(d.Params, Param{Name: name, Value: value, IsExtra: true})
		}
	}
}

// readParam returns a value as JSON. ok is false for null, and for a value that cannot
// be sent, about which it warns.
func readParam(section document.Section, name string) (value []byte, ok bool) {
	v := section.Value(name)
	if _, isText := v.(string); isText {
		text, missing := section.Text(name)
		if missing != "" {
			section.Warn("environment-variable-unset", name,
				"environment variable %s is not set; the parameter is not sent", missing)
			return nil, false
		}
		v = text
		if slices.Contains(numberParams, name) {
			number, err := strconv.ParseFloat(text, 64)
			if err != nil {
				section.Warn("request-parameter-ignored", name, "expected a number, found text; the parameter is not sent")
				return nil, false
			}
			v = number
		}
	}
	if v == nil {
		return nil, false
	}
	value, err := json.Marshal(v)
	if err != nil {
		section.Warn("request-parameter-ignored", name, "the value cannot be written as JSON; the parameter is not sent")
	}
	return value, err == nil
}
