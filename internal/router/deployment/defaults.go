package deployment

import (
	"slices"

	"github.com/flowgate-go/flowgate/internal/router/dialect"
	"github.com/flowgate-go/flowgate/internal/router/settings"
)

// nonChatParams are the parameters of pictures, sound, embeddings and rankings, which are
// not sent in chat requests.
var nonChatParams = []string{"background", "input_type", "instructions", "language", "output_compression",
	"output_format", "quality", "return_documents", "size", "speed", "style", "top_n", "voice"}

// paramNames are the names that parameters have in the dialects other than chat. A
// parameter that has no name in a dialect is not sent in it.
var paramNames = [dialect.Count]map[string]string{
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

// prepareDefaults makes the members that are added to requests whose clients did not send
// them.
func (d *Deployment) prepareDefaults() {
	for _, p := range d.Params {
		for in := range dialect.Count {
			if in.IsCounting() || in.IsGoogle() { // Google's requests have them in an object of their own
				continue
			}
			d.Defaults[in] = d.appendDefault(d.Defaults[in], in, p)
			if p.Name == "reasoning_effort" || p.Name == "tools" || isLimit(p) {
				d.BeforeMessages[in] = d.appendDefault(d.BeforeMessages[in], in, p)
			}
		}
	}
}

// appendDefault appends a parameter, in a dialect's form, unless all has a member with the
// same meaning, or the dialect has no name for the parameter.
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

// isLimit reports whether a parameter limits the tokens of a chat reply.
func isLimit(p settings.Param) bool {
	return !p.IsExtra && (p.Name == "max_tokens" || p.Name == "max_completion_tokens")
}

// nameIn returns the name of a parameter in a dialect; empty when it is not sent there.
func (d *Deployment) nameIn(in dialect.Dialect, p settings.Param) string {
	switch {
	case p.IsExtra:
		return p.Name
	case in == dialect.Rerank && p.Name == "top_n" && d.RankLimitName != "":
		return d.RankLimitName
	case in != dialect.Chat:
		return paramNames[in][p.Name]
	case slices.Contains(nonChatParams, p.Name):
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

// ReplacementName returns the name that must replace a member's name in requests in a dialect: of
// max_completion_tokens in chat, or of top_n in a ranking. It is empty where the upstream
// knows the member by its usual name.
func (d *Deployment) ReplacementName(in dialect.Dialect) string {
	switch {
	case in == dialect.Chat && d.OldLimitName:
		return "max_tokens"
	case in == dialect.Rerank:
		return d.RankLimitName
	}
	return ""
}
