package deployment

import (
	"encoding/json"
	"slices"
	"strconv"

	"github.com/flowgate-go/flowgate/internal/router/dialect"
	"github.com/flowgate-go/flowgate/internal/router/settings"
	"github.com/flowgate-go/flowgate/internal/router/translate"
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
	dialect.Gemini: { // in generationConfig
		"max_tokens": "maxOutputTokens", "max_completion_tokens": "maxOutputTokens", "temperature": "temperature",
		"top_p": "topP", "top_k": "topK", "n": "candidateCount", "stop": "stopSequences", "seed": "seed",
		"presence_penalty": "presencePenalty", "frequency_penalty": "frequencyPenalty", "logprobs": "responseLogprobs",
		"top_logprobs": "logprobs", "thinking": "thinkingConfig", "reasoning_effort": "thinkingConfig",
	},
}

// snakeNames are the other names that Google's servers accept in generationConfig.
var snakeNames = map[string]string{
	"maxOutputTokens": "max_output_tokens", "topP": "top_p", "topK": "top_k", "candidateCount": "candidate_count",
	"stopSequences": "stop_sequences", "presencePenalty": "presence_penalty", "frequencyPenalty": "frequency_penalty",
	"responseLogprobs": "response_logprobs", "thinkingConfig": "thinking_config",
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
			switch {
			case in.IsCounting():
				continue
			case in == dialect.Gemini && !p.IsExtra:
				d.Generation = d.appendDefault(d.Generation, in, p)
			default:
				d.Defaults[in] = d.appendDefault(d.Defaults[in], in, p)
			}
			if isAddedBefore(p) {
				d.BeforeMessages[in] = d.appendDefault(d.BeforeMessages[in], in, p)
			}
		}
	}
}

// appendDefault appends a parameter, in a dialect's form, unless all has a member with the
// same meaning, or the dialect has no name for the parameter.
func (d *Deployment) appendDefault(all []dialect.Member, in dialect.Dialect, p settings.Param) []dialect.Member {
	name, value := nameIn(d.Deployment, in, p), valueIn(in, p)
	saysSame := func(m dialect.Member) bool { return m.SaysSame([]byte(name)) }
	if name == "" || value == nil || slices.ContainsFunc(all, saysSame) {
		return all
	}
	m := dialect.NewMember(name, value)
	switch {
	case p.IsExtra:
	case in == dialect.Rerank && p.Name != name:
		m.Also = p.Name
	case in == dialect.Gemini:
		m.Also = snakeNames[name]
	}
	return append(all, m)
}

// UnsentParams returns the parameters of the entry that requests in the dialect in are sent
// without, because they are sent in the dialect out, which lacks them. It looks at the dialects
// of conversations only: many parameters have no meaning for a model of pictures or sound.
func UnsentParams(s *settings.Deployment, in, out dialect.Dialect) []string {
	if len(s.Params) == 0 || !isConversation(in) || !isConversation(out) {
		return nil
	}
	var unsent []string
	for _, p := range s.Params {
		if out == dialect.Converse { // all are added before the translation
			out = in
		}
		isNamed := nameIn(s, out, p) != "" && valueIn(out, p) != nil ||
			isAddedBefore(p) && in != out && out == dialect.Messages
		if !isNamed && !slices.Contains(nonChatParams, p.Name) && !slices.Contains(unsent, p.Name) {
			unsent = append(unsent, p.Name)
		}
	}
	return unsent
}

// UnsentIn is UnsentParams for this deployment. The slice must not be changed.
func (d *Deployment) UnsentIn(in, out dialect.Dialect) []string {
	if d.unsent == nil {
		return nil
	}
	return d.unsent[in][out]
}

// prepareUnsent makes what UnsentIn returns.
func (d *Deployment) prepareUnsent() {
	if len(d.Params) == 0 {
		return
	}
	d.unsent = &[dialect.Count][dialect.Count][]string{}
	for in := range dialect.Count {
		for out := range dialect.Count {
			d.unsent[in][out] = UnsentParams(d.Deployment, in, out)
		}
	}
}

// isConversation reports whether requests in a dialect are conversations.
func isConversation(in dialect.Dialect) bool {
	switch in {
	case dialect.Chat, dialect.Messages, dialect.Responses, dialect.Gemini, dialect.Converse:
		return true
	}
	return false
}

// isAddedBefore reports whether a parameter is added to a request before it is translated
// into messages.
func isAddedBefore(p settings.Param) bool {
	return p.Name == "reasoning_effort" || p.Name == "tools" || isLimit(p)
}

// isLimit reports whether a parameter limits the tokens of a chat reply.
func isLimit(p settings.Param) bool {
	return !p.IsExtra && (p.Name == "max_tokens" || p.Name == "max_completion_tokens")
}

// nameIn returns the name of a parameter in a dialect; empty when it is not sent there.
func nameIn(s *settings.Deployment, in dialect.Dialect, p settings.Param) string {
	switch {
	case p.IsExtra:
		return p.Name
	case in == dialect.Rerank && p.Name == "top_n" && s.RankLimitName != "":
		return s.RankLimitName
	case in != dialect.Chat:
		return paramNames[in][p.Name]
	case slices.Contains(nonChatParams, p.Name):
		return ""
	case isLimit(p) && s.MaxTokensName != "":
		return s.MaxTokensName
	case isLimit(p) && s.OldLimitName:
		return "max_tokens"
	}
	return p.Name
}

// valueIn returns the value of a parameter in a dialect; nil when the dialect cannot express
// it.
func valueIn(in dialect.Dialect, p settings.Param) []byte {
	switch {
	case p.IsExtra:
	case in == dialect.Responses && p.Name == "reasoning_effort":
		return slices.Concat([]byte(`{"effort":`), p.Value, []byte(`}`))
	case in == dialect.Gemini && p.Name == "reasoning_effort":
		return thinkingConfig(p.Value)
	case in == dialect.Gemini && p.Name == "thinking":
		return thinkingConfigOf(p.Value)
	case (in == dialect.Messages || in == dialect.Gemini) && p.Name == "stop" && p.Value[0] == '"':
		return slices.Concat([]byte(`[`), p.Value, []byte(`]`))
	}
	return p.Value
}

// thinkingConfig returns Google's thinkingConfig for a word of reasoning_effort, in JSON; nil for
// another value. The budgets are those of Google's own OpenAI-compatible route.
func thinkingConfig(effort []byte) []byte {
	level, ok := dialect.UnquoteJSON(effort)
	if !ok {
		return nil
	}
	return newThinkingConfig(translate.BudgetOf(level))
}

// thinkingConfigOf returns Google's thinkingConfig for Anthropic's thinking; nil when that has no budget.
func thinkingConfigOf(thinking []byte) []byte {
	var t struct {
		Type   string `json:"type"`
		Budget int    `json:"budget_tokens"`
	}
	switch err := json.Unmarshal(thinking, &t); {
	case err == nil && t.Type == "disabled":
		return newThinkingConfig(0)
	case err == nil && t.Budget > 0:
		return newThinkingConfig(t.Budget)
	}
	return nil
}

// newThinkingConfig returns Google's thinkingConfig with a budget of tokens, in JSON.
func newThinkingConfig(budget int) []byte {
	return append(strconv.AppendInt([]byte(`{"thinkingBudget":`), int64(budget), 10), '}')
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
