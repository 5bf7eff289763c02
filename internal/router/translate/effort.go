package translate

import "strconv"

// effort is how much the model may think before it answers.
type effort struct {
	level  []byte // text: none, minimal, low, medium, high, xhigh; nil: not given
	member string // path of the client's member that gives it
	off    bool   // the client wants no thinking
}

// Budgets of tokens for thinking: Anthropic's smallest, which its documentation
// names, and those that stand for the words of other dialects, which are chosen so
// that levelOf returns the same words again.
const (
	minBudget    = 1024
	mediumBudget = 8192
	highBudget   = 24576
)

// levelOf returns the word for a budget of tokens.
func levelOf(budget int) string {
	switch {
	case budget < mediumBudget/2:
		return "low"
	case budget < highBudget/2:
		return "medium"
	}
	return "high"
}

// BudgetOf returns the budget of tokens for a word, 0 for the word that asks for no
// thinking. Words that it does not know get the largest budget.
func BudgetOf(level string) int {
	switch level {
	case "none":
		return 0
	case "minimal", "low":
		return minBudget
	case "medium":
		return mediumBudget
	}
	return highBudget
}

// readThinking reads Anthropic's member "thinking". The effort in output_config takes
// precedence over its budget.
func (r *request) readThinking(s *scan) {
	kind, budget := "", 0
	s.object(func(key []byte) {
		switch string(key) {
		case "type":
			text, _ := s.text()
			kind = string(text)
		case "budget_tokens":
			budget = wholeNumber(s.raw())
		default:
			r.drop("thinking.", string(key))
		}
	})
	switch {
	case kind == "disabled":
		r.effort.off = true
	case r.effort.level != nil:
	case kind == "enabled" && budget > 0:
		r.effort.level = []byte(levelOf(budget))
		r.effort.member = "thinking"
	case kind != "":
		r.effort.member = "thinking"
	}
}

// readEffort reads the word for the effort; Anthropic's "max" is "xhigh" elsewhere.
func (r *request) readEffort(s *scan, member string) {
	text, ok := s.text()
	if !ok || len(text) == 0 {
		return
	}
	if string(text) == "max" {
		text = []byte("xhigh")
	}
	r.effort.level, r.effort.member = text, member
}

// appendEffort appends reasoning_effort to a chat request, if the upstream
// takes it.
func (r *request) appendEffort(dst []byte) []byte {
	switch {
	case r.effort.member == "" || r.effort.off:
	case !r.opts.Effort || r.effort.level == nil:
		r.drop("", r.effort.member)
	default:
		dst = appendTextMember(dst, "reasoning_effort", r.effort.level)
	}
	return dst
}

// appendThinking appends thinking and output_config to a messages request.
// maxTokens is how many tokens the reply may have; the budget is smaller.
func (r *request) appendThinking(dst []byte, maxTokens int) []byte {
	budget := BudgetOf(string(r.effort.level))
	switch {
	case r.effort.level == nil || budget == 0:
		return r.appendOutputConfig(dst, "")
	case !r.canThink(), !r.opts.Adaptive && maxTokens <= minBudget:
		r.drop("", r.effort.member)
		return r.appendOutputConfig(dst, "")
	case r.opts.Adaptive:
		dst = append(appendKey(dst, "thinking"), `{"type":"adaptive"}`...)
		return r.appendOutputConfig(dst, anthropicEffort(string(r.effort.level)))
	}
	if budget >= maxTokens {
		budget = max(minBudget, maxTokens/2)
	}
	dst = append(appendKey(dst, "thinking"), `{"type":"enabled","budget_tokens":`...)
	dst = append(strconv.AppendInt(dst, int64(budget), 10), '}')
	return r.appendOutputConfig(dst, "")
}

// anthropicEffort returns Anthropic's word for an effort.
func anthropicEffort(level string) string {
	switch level {
	case "minimal":
		return "low"
	case "xhigh":
		return "max"
	}
	return level
}

// appendOutputConfig appends output_config, if there is an effort or a schema.
func (r *request) appendOutputConfig(dst []byte, effort string) []byte {
	if r.format.isObject {
		r.dropParam(r.formatMember())
	}
	if effort == "" && r.format.schema == nil {
		return dst
	}
	dst = append(appendKey(dst, "output_config"), '{')
	if effort != "" {
		dst = appendTextMember(dst, "effort", []byte(effort))
	}
	if r.format.schema != nil {
		dst = append(appendKey(dst, "format"), `{"type":"json_schema","schema":`...)
		dst = append(append(dst, r.format.schema...), '}')
	}
	return append(dst, '}')
}

// canThink reports whether Anthropic allows thinking for the request: not when a
// tool is forced, and not when results are sent for calls that were made without
// thinking.
func (r *request) canThink() bool {
	if r.choice.mode == choiceRequired || r.choice.mode == choiceTool {
		return false
	}
	n := len(r.turns)
	if n < 2 || r.turns[n-1].role != userRole || r.turns[n-2].role != assistantRole {
		return true
	}
	if r.parts[r.turns[n-1].from].kind != resultPart {
		return true
	}
	first := r.parts[r.turns[n-2].from]
	return first.kind == thinkingPart || first.kind == redactedPart
}
