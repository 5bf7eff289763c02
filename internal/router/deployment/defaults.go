package deployment

import (
	"slices"

	"github.com/flowgate-go/flowgate/internal/router/dialect"
	"github.com/flowgate-go/flowgate/internal/router/settings"
)

// mediaParams are the parameters of routes that take pictures and sound; chat requests
// have none of them.
var mediaParams = []string{"background", "input_type", "instructions", "language", "output_compression",
	"output_format", "quality", "return_documents", "size", "speed", "style", "top_n", "voice"}

// otherNames are the names that parameters of chat requests have in the other
// dialects. A parameter without a name is not sent in a dialect.
var otherNames = [dialect.Count]map[string]string{
	dialect.Completions: sameNames("max_tokens", "temperature", "top_p", "top_k", "min_p", "repetition_penalty", "n",
		"stop", "seed", "presence_penalty", "frequency_penalty", "logit_bias", "user"),
	dialect.Embeddings: sameNames("dimensions", "encoding_format", "input_type", "user"),
	dialect.ImageGenerations: sameNames("background", "n", "output_compression", "output_format", "quality",
		"response_format", "size", "style", "user"),
	dialect.ImageEdits: sameNames("background", "n", "output_compression", "output_format", "quality",
		"response_format", "size", "user"),
	dialect.ImageVariations: sameNames("n", "response_format", "size", "user"),
	dialect.Speech:          sameNames("instructions", "response_format", "speed", "voice"),
	dialect.Transcriptions:  sameNames("language", "response_format", "temperature"),
	dialect.Translations:    sameNames("response_format", "temperature"),
	dialect.Rerank:          sameNames("return_documents", "top_n"),
	dialect.Responses: {
		"max_tokens": "max_output_tokens", "max_completion_tokens": "max_output_tokens", "reasoning_effort": "reasoning",
		"temperature": "temperature", "top_p": "top_p", "top_logprobs": "top_logprobs", "user": "user", "store": "store",
		"parallel_tool_calls": "parallel_tool_calls", "prompt_cache_key": "prompt_cache_key",
		"safety_identifier": "safety_identifier", "service_tier": "service_tier",
	},
	dialect.Messages: {
		"max_tokens": "max_tokens", "max_completion_tokens": "max_tokens", "stop": "stop_sequences",
		"temperature": "temperature", "top_p": "top_p", "top_k": "top_k", "thinking": "thinking",
	},
}

// sameNames returns a map of names to themselves.
func sameNames(names ...string) map[string]string {
	same := map[string]string{}
	for _, name := range names {
		same[name] = name
	}
	return same
}

// prepareDefaults makes the members that requests get unless the client sent them.
func (d *Deployment) prepareDefaults() {
	for _, p := range d.Params {
		for in := range dialect.Count {
			if in.IsCounting() || in.IsGoogle() { // Google keeps parameters in a member of their own
				continue
			}
			d.Defaults[in] = d.appendDefault(d.Defaults[in], in, p)
			if p.Name == "reasoning_effort" || p.Name == "tools" || isLimit(p) {
				d.BeforeMessages[in] = d.appendDefault(d.BeforeMessages[in], in, p)
			}
		}
	}
}

// appendDefault appends a parameter, as a dialect has it, unless another one says the same.
func (d *Deployment) appendDefault(all []dialect.Member, in dialect.Dialect, p settings.Param) []dialect.Member {
	name := d.nameIn(in, p)
	saysSame := func(m dialect.Member) bool { return m.SaysSame([]byte(name)) }
	if name == "" || slices.ContainsFunc(all, saysSame) {
		return all
	}
	m := dialect.NewMember(name, valueIn(in, p))
	if in == dialect.Rerank && p.Name != name && !p.IsExtra {
		m.Also = p.Name
	}
	return append(all, m)
}

// isLimit reports whether a parameter is the limit of a reply.
func isLimit(p settings.Param) bool {
	return !p.IsExtra && (p.Name == "max_tokens" || p.Name == "max_completion_tokens")
}

// nameIn returns the name of a parameter in a dialect; empty when it has none.
func (d *Deployment) nameIn(in dialect.Dialect, p settings.Param) string {
	switch {
	case p.IsExtra:
		return p.Name
	case in == dialect.Rerank && p.Name == "top_n" && d.RankLimitName != "":
		return d.RankLimitName
	case in != dialect.Chat:
		return otherNames[in][p.Name]
	case slices.Contains(mediaParams, p.Name):
		return ""
	case isLimit(p) && d.MaxTokensName != "":
		return d.MaxTokensName
	case isLimit(p) && d.OldLimitName:
		return "max_tokens"
	}
	return p.Name
}

// valueIn returns the value of a parameter in a dialect.
func valueIn(in dialect.Dialect, p settings.Param) []byte {
	switch {
	case p.IsExtra:
	case in == dialect.Responses && p.Name == "reasoning_effort":
		return slices.Concat([]byte(`{"effort":`), p.Value, []byte(`}`))
	case in == dialect.Messages && p.Name == "stop" && p.Value[0] == '"':
		return slices.Concat([]byte(`[`), p.Value, []byte(`]`))
	}
	return p.Value
}

// NewName returns the upstream's name of the member that requests in a dialect know by
// another one: of the limit of a chat reply, or of a ranking. It is empty where the
// upstream has the usual name.
func (d *Deployment) NewName(in dialect.Dialect) string {
	switch {
	case in == dialect.Chat && d.OldLimitName:
		return "max_tokens"
	case in == dialect.Rerank:
		return d.RankLimitName
	}
	return ""
}
