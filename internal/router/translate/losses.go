package translate

import "slices"

// Losses returns the parameters of the dialect from that an upstream of the dialect to
// never gets, sorted, by their names in from: those that Call.Dropped would name for a
// request with all of them. Which other members are lost depends on the request.
func Losses(from, to Dialect, o Options) []string {
	var lost []string
	for p := range paramCount {
		name, upstreamName := paramNames[p][from], paramNames[p][to]
		switch {
		case name == "" && p == verbosity && from == Responses:
			name = "text.verbosity"
		case name == "" || p == verbosity && to == Responses:
			continue
		}
		if from == Gemini {
			name = configPath + name
		}
		if p == topK && to == Converse && o.Claude {
			continue // Claude takes it in a place of its own
		}
		if upstreamName == "" || to == Chat && p.isOpenAIOnly() {
			lost = append(lost, name)
		}
	}
	if effort := effortNames[from]; to == Chat && !o.Effort || to == Converse && !o.Effort && !o.Claude {
		lost = append(lost, effort)
	}
	lost = append(lost, alwaysLost[from]...)
	slices.Sort(lost)
	return lost
}

// effortNames are the members that say how much a model may think, by dialect.
var effortNames = [dialectCount]string{Chat: "reasoning_effort", Messages: "thinking", Responses: "reasoning.effort",
	Gemini: configPath + "thinkingConfig"}

// alwaysLost are further members, by dialect, that only an upstream of the same dialect
// understands. Claude Code, Codex and Gemini CLI send them.
var alwaysLost = [dialectCount][]string{
	Messages:  {"context_management", "metadata"},
	Responses: {"include"},
	Gemini:    {"safetySettings"},
}
