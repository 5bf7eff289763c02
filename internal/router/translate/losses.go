package translate

import "slices"

// Losses returns the parameters of a dialect that an upstream of another dialect never
// gets, by their names in the first: what Call.Dropped would name of a request that has
// all of them. Of other members only the request tells.
func Losses(from, to Dialect, o Options) []string {
	var lost []string
	for p := range paramCount {
		name, there := paramNames[p][from], paramNames[p][to]
		switch {
		case name == "" && p == verbosity && from == Responses:
			name = "text.verbosity"
		case name == "" || p == verbosity && to == Responses:
			continue
		}
		if from == Gemini {
			name = configPath + name
		}
		if there == "" || to == Chat && p.isOpenAIOnly() {
			lost = append(lost, name)
		}
	}
	if effort := effortNames[from]; to == Chat && !o.Effort {
		lost = append(lost, effort)
	}
	lost = append(lost, alwaysLost[from]...)
	slices.Sort(lost)
	return lost
}

// effortNames are the members that say how much a model is to think.
var effortNames = [dialectCount]string{Chat: "reasoning_effort", Messages: "thinking", Responses: "reasoning.effort",
	Gemini: configPath + "thinkingConfig"}

// alwaysLost are further members that only an upstream of the same dialect understands
// and that clients send: those of Claude Code, of Codex and of Gemini CLI.
var alwaysLost = [dialectCount][]string{
	Messages:  {"context_management", "metadata"},
	Responses: {"include"},
	Gemini:    {"safetySettings"},
}
