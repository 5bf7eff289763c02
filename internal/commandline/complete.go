package commandline

import (
	"slices"
	"strings"

	"github.com/samber/lo"
)

// Candidate is a word that may be typed next.
type Candidate struct {
	Word  string
	About string // what it does; may be empty
}

// Values lists what may be typed for a kind of argument, by the name of its parameter:
// "service", "provider", "name" (of a profile). It returns nothing for what it does not know.
type Values func(target Target, param string) []string

// Complete returns the words that can be typed in the place of current, the beginning of a
// word, after the words before it: what belongs to the target that was typed, and where nothing
// does, the next target.
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
	if near := filterCandidates(append(state.operands(values), state.ownTargets(c)...), current); len(near) > 0 {
		return near
	}
	if state.required {
		return nil
	}
	return filterCandidates(lo.Map(c, func(t Target, _ int) Candidate { return Candidate{t.Name, t.Synopsis} }), current)
}

// typedState is what the words before the one to complete say about it.
type typedState struct {
	target      Target   // the last one typed; its Name is "" when there is none
	missing     []Param  // the operands that it still takes
	required    bool     // the first of them must come before another target
	flag        string   // the flag whose value comes next
	namespace   string   // the namespace whose target comes next
	afterDashes bool     // `--` was typed
	operandsOf  []string // operands that were typed for target
}

// readBefore reads complete words. What does not fit is passed over: the program says so
// when it is called.
func (c Catalogue) readBefore(before []string) typedState {
	var s typedState
	for len(before) > 0 {
		s.flag, s.namespace = "", ""
		used := 1
		switch name, _, given := splitFlag(before[0]); {
		case s.afterDashes:
			s.readOperand(before[0])
		case before[0] == "--":
			s.afterDashes = true
		case name == "":
			used = c.readWord(&s, before)
		case given || !s.takesValue(name):
		case len(before) == 1:
			s.flag = name
		default:
			used = 2
		}
		before = before[used:]
	}
	return s
}

// readWord reads a word that is no flag: a target, a namespace or an operand. It returns how many
// words belong to it.
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

// readOperand takes a word as the target's next operand.
func (s *typedState) readOperand(text string) {
	if len(s.missing) > 0 {
		s.operandsOf, s.missing = append(s.operandsOf, text), s.missing[1:]
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
	return toCandidates(lo.Without(values(s.target, s.missing[0].Name), s.operandsOf...))
}

// ownTargets returns the targets of the namespace that the target is as well, as one word:
// `doctor list` is doctor:list.
func (s typedState) ownTargets(c Catalogue) []Candidate {
	if s.target.Name == "" || s.required || len(s.operandsOf) > 0 {
		return nil
	}
	return lo.Map(c.Within(s.target.Name), func(t Target, _ int) Candidate {
		return Candidate{strings.TrimPrefix(t.Name, s.target.Name+":"), t.Synopsis}
	})
}

// completeFlag returns the flags that begin with current, or the values of the one that is
// already there up to its equals sign.
func (s typedState) completeFlag(current string, values Values) []Candidate {
	if name, value, given := splitFlag(current); given {
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

func toCandidates(words []string) []Candidate {
	return lo.Map(words, func(w string, _ int) Candidate { return Candidate{Word: w} })
}

// filterCandidates returns those that begin with current, each once, in alphabetical order.
func filterCandidates(all []Candidate, current string) []Candidate {
	fit := lo.Filter(all, func(c Candidate, _ int) bool { return strings.HasPrefix(c.Word, current) })
	fit = lo.UniqBy(fit, func(c Candidate) string { return c.Word })
	slices.SortFunc(fit, func(a, b Candidate) int { return strings.Compare(a.Word, b.Word) })
	return fit
}
