package commandline

import (
	"slices"
	"strings"

	"github.com/samber/lo"
)

// Candidate is a word that may be typed next.
type Candidate struct {
	Word  string
	About string // what the word means or does; may be empty
}

// Values returns what may be typed for an argument, by the name of its parameter: "service",
// "provider", "name" (of a profile). It returns nil for a parameter that it does not know.
type Values func(target Target, param string) []string

// Complete returns the words that can be typed in the place of current, the beginning of a
// word, after the words in before: what belongs to the last target or, when nothing does, the
// names of targets.
func (c Catalogue) Complete(before []string, current string, values Values) []Candidate {
	state := c.readBefore(before)
	switch {
	case state.afterDashes:
		return filterCandidates(state.operands(values), current)
	case state.flag != "":
		return filterCandidates(state.flagValues(state.flag, values), current)
	case strings.HasPrefix(current, "-"):
		return state.completeFlag(current, values)
	case state.namespace != "":
		return filterCandidates(lo.Map(c.Within(state.namespace), func(t Target, _ int) Candidate {
			return Candidate{strings.TrimPrefix(t.Name, state.namespace+":"), t.Synopsis}
		}), current)
	}
	if own := filterCandidates(append(state.operands(values), state.subtargets(c)...), current); len(own) > 0 {
		return own
	}
	if state.required {
		return nil
	}
	return filterCandidates(lo.Map(c, func(t Target, _ int) Candidate { return Candidate{t.Name, t.Synopsis} }), current)
}

// typedState is what the words before the one to complete say about that word.
type typedState struct {
	target      Target   // the last one typed; its Name is "" when there is none
	missing     []Param  // the operands that it still takes
	required    bool     // the first of them must come before another target
	flag        string   // the flag whose value comes next
	namespace   string   // the namespace whose target comes next
	afterDashes bool     // `--` was typed
	typed       []string // the operands that were typed for target
}

// readBefore reads the words before the one to complete. It ignores words that do not fit: Parse
// reports them when the line is run.
func (c Catalogue) readBefore(before []string) typedState {
	var s typedState
	for len(before) > 0 {
		s.flag, s.namespace = "", ""
		used := 1
		switch name, _, hasValue := splitFlag(before[0]); {
		case s.afterDashes:
			s.readOperand(before[0])
		case before[0] == "--":
			s.afterDashes = true
		case name == "":
			used = c.readWord(&s, before)
		case hasValue || !s.takesValue(name):
		case len(before) == 1:
			s.flag = name
		default:
			used = 2
		}
		before = before[used:]
	}
	return s
}

// readWord reads a word that is not a flag: a target, a namespace or an operand. used is the
// number of words that it consists of.
func (c Catalogue) readWord(s *typedState, words []string) (used int) {
	next := ""
	if len(words) > 1 && !strings.HasPrefix(words[1], "-") {
		next = words[1]
	}
	t, used, ok := c.find(words[0], next)
	switch {
	case s.required:
		s.readOperand(words[0])
		return 1
	case ok:
		*s = typedState{target: t, missing: lo.Filter(t.Params, func(p Param, _ int) bool {
			return !p.Optional || slices.Contains(positionalNames, p.Name)
		})}
		s.required = len(s.missing) > 0 && !s.missing[0].Optional
	case len(c.Within(words[0])) > 0:
		s.namespace = strings.ToLower(words[0])
	default:
		s.readOperand(words[0])
	}
	return used
}

// readOperand records a word as the target's next operand.
func (s *typedState) readOperand(text string) {
	if len(s.missing) > 0 {
		s.typed, s.missing = append(s.typed, text), s.missing[1:]
	}
	s.required = len(s.missing) > 0 && !s.missing[0].Optional
}

// takesValue reports whether the value of a flag may stand in the next word.
func (s typedState) takesValue(name string) bool {
	if slices.Contains(CommonFlags, name) {
		return !slices.Contains(commonSwitches, name)
	}
	p, ok := s.target.flag(name)
	return ok && p.Kind != "bool"
}

// operands returns what may be typed for the target's next operand.
func (s typedState) operands(values Values) []Candidate {
	if len(s.missing) == 0 {
		return nil
	}
	return toCandidates(lo.Without(values(s.target, s.missing[0].Name), s.typed...))
}

// subtargets returns the targets of the namespace that has the name of the target, without that
// name: list for doctor:list, which may be typed as `doctor list`.
func (s typedState) subtargets(c Catalogue) []Candidate {
	if s.target.Name == "" || s.required || len(s.typed) > 0 {
		return nil
	}
	return lo.Map(c.Within(s.target.Name), func(t Target, _ int) Candidate {
		return Candidate{strings.TrimPrefix(t.Name, s.target.Name+":"), t.Synopsis}
	})
}

// completeFlag returns the flags that begin with current or, when current has an equals sign,
// the values of that flag.
func (s typedState) completeFlag(current string, values Values) []Candidate {
	if name, value, hasValue := splitFlag(current); hasValue {
		prefix := current[:len(current)-len(value)]
		return lo.Map(filterCandidates(s.flagValues(name, values), value), func(v Candidate, _ int) Candidate {
			return Candidate{prefix + v.Word, v.About}
		})
	}
	dashes := "-"
	if strings.HasPrefix(current, "--") {
		dashes = "--"
	}
	var all []Candidate
	for _, p := range s.target.Params {
		if p.Optional && !slices.Contains(positionalNames, p.Name) {
			all = append(all, Candidate{Word: dashes + p.Flag})
		}
	}
	for _, name := range append(slices.Clone(CommonFlags), "help") {
		all = append(all, Candidate{Word: dashes + name})
	}
	return filterCandidates(all, current)
}

// flagValues returns the values of a flag.
func (s typedState) flagValues(name string, values Values) []Candidate {
	if p, ok := s.target.flag(name); ok && p.Kind == "bool" || slices.Contains(commonSwitches, name) {
		return toCandidates([]string{"true", "false"})
	}
	return toCandidates(values(s.target, name))
}

// toCandidates returns words as candidates without a description.
func toCandidates(words []string) []Candidate {
	return lo.Map(words, func(w string, _ int) Candidate { return Candidate{Word: w} })
}

// filterCandidates returns the candidates that begin with current, each once, in alphabetical order.
func filterCandidates(all []Candidate, current string) []Candidate {
	fit := lo.Filter(all, func(c Candidate, _ int) bool { return strings.HasPrefix(c.Word, current) })
	fit = lo.UniqBy(fit, func(c Candidate) string { return c.Word })
	slices.SortFunc(fit, func(a, b Candidate) int { return strings.Compare(a.Word, b.Word) })
	return fit
}
