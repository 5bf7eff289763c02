package translate

import "strconv"

// effort is how much the model may think before it answers.
type effort struct {
	level  []byte // text: minimal, low, medium, high, xhigh; nil: unsaid
	member string // the client's member that says it
	off    bool   // the client wants no thinking
}

// Anthropic's smallest budget of tokens for thinking, and the budgets that stand
// for the words which the other dialects have. Anthropic's documentation names
// the smallest; the others lie between the thresholds of levelOf.
const (
	leastBudget  = 1024
	mediumBudget = 8192
	highBudget   = 24576
)

// levelOf returns the word for a budget.
func levelOf(budget int) string {
	switch {
	case budget < mediumBudget/2:
		return "low"
	case budget < highBudget/2:
		return "medium"
	}
	return "high"
}

// budgetOf returns the budget for a word, 0 for one that asks for no thinking.
func budgetOf(level string) int {
	switch level {
	case "none":
		return 0
	case "minimal", "low":
		return leastBudget
	case "medium":
		return mediumBudget
	}
	return highBudget
}

// readThinking reads Anthropic's member "thinking". What output_config says wins.
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

// appendEffort appends reasoning_effort to a chat request, where the upstream
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

// appendThinking appends thinking to a messages request, and output_config. most
// is the number of tokens that the reply may have: the budget lies below it.
func (r *request) appendThinking(dst []byte, most int) []byte {
	budget := budgetOf(string(r.effort.level))
	switch {
	case r.effort.level == nil || budget == 0:
		return r.appendOutputConfig(dst, "")
	case !r.canThink(), !r.opts.Adaptive && most <= leastBudget:
		r.drop("", r.effort.member)
		return r.appendOutputConfig(dst, "")
	case r.opts.Adaptive:
		dst = append(appendKey(dst, "thinking"), `{"type":"adaptive"}`...)
		return r.appendOutputConfig(dst, anthropicEffort(string(r.effort.level)))
	}
	if budget >= most {
		budget = max(leastBudget, most/2)
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

// appendOutputConfig appends output_config, where there is an effort or a format.
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

// canThink reports whether Anthropic lets the model think: not while a tool is
// forced, and not in the middle of a tool's use that began without thinking.
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
