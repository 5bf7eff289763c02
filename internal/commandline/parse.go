package commandline

import (
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/samber/lo"

	"github.com/flowgate-go/flowgate/internal/fault"
)

// word is one word of the command line.
type word struct {
	text    string
	operand bool // it comes after `--`, so it is neither a flag nor a target
}

// passingTargets are the targets that pass the words after -- on to another program.
var passingTargets = []string{"client:run"}

// Parse parses the words after the program's name. Its faults (target-unknown,
// flag-unknown, flag-invalid, argument-missing) come before any target runs.
func (c Catalogue) Parse(typed []string) (Line, error) {
	line := Line{Common: map[string]string{}}
	words, err := line.parseCommon(typed)
	if err != nil {
		return line, err
	}
	line.translateFormat()
	words = c.translateCommand(&line, line.takeOldSwitches(words))
	if done, err := c.parseLeading(&line, words); done || err != nil {
		return line, err
	}
	for len(words) > 0 {
		if words, err = c.parseTarget(&line, words); err != nil {
			return line, err
		}
	}
	return line, nil
}

// parseCommon stores the common flags, wherever they stand before `--`, in l.Common, and returns
// the other words.
func (l *Line) parseCommon(typed []string) (rest []word, err error) {
	for i := 0; i < len(typed); i++ {
		if typed[i] == "--" {
			return append(rest, lo.Map(typed[i+1:], func(t string, _ int) word { return word{t, true} })...), nil
		}
		name, value, hasValue := splitFlag(typed[i])
		switch {
		case !slices.Contains(CommonFlags, name):
			rest = append(rest, word{text: typed[i]})
			continue
		case slices.Contains(commonSwitches, name):
			if !hasValue {
				value = "true"
			}
			on, err := strconv.ParseBool(value)
			if err != nil {
				return nil, fault.Usage("flag-invalid", "-%s=%s: not true or false", name, value)
			}
			value = strconv.FormatBool(on) // 1, T and TRUE mean true as well
		case !hasValue:
			if i++; i == len(typed) {
				return nil, fault.Usage("flag-invalid", "-%s needs a value", name).WithHint("write -%s=VALUE", name)
			}
			value = typed[i]
		}
		l.Common[name] = value
	}
	return rest, nil
}

// splitFlag splits -name=value and --name=value. name is in lower case, "" when text is not a
// flag; hasValue reports whether there is an equals sign.
func splitFlag(text string) (name, value string, hasValue bool) {
	if len(text) < 2 || text[0] != '-' {
		return "", "", false
	}
	name, value, hasValue = strings.Cut(strings.TrimPrefix(text[1:], "-"), "=")
	return strings.ToLower(name), value, hasValue
}

// flagName returns the name of the flag that w is, "" when w is not a flag.
func (w word) flagName() string {
	if w.operand {
		return ""
	}
	name, _, _ := splitFlag(w.text)
	return name
}

// parseLeading handles a flag before the first target. done is true when nothing is left to
// parse: the flag was -help or -version.
func (c Catalogue) parseLeading(l *Line, words []word) (done bool, err error) {
	if len(words) == 0 {
		return false, nil
	}
	switch name := words[0].flagName(); name {
	case "":
		return false, nil
	case "h", "help", "l":
		l.Calls = []Call{c.newCall("help", c.helpTopic(words[1:]))}
		return true, nil
	case "version":
		l.Calls = []Call{c.newCall("version", "")}
		return true, nil
	default:
		return true, fault.Usage("flag-unknown", "there is no flag -%s before a target", name).
			WithHint("a target comes first, then its flags; -%s may stand anywhere", strings.Join(CommonFlags, ", -"))
	}
}

// helpTopic returns the name that help is asked for, which is the first of words; "" for none.
func (c Catalogue) helpTopic(words []word) string {
	if len(words) == 0 || words[0].flagName() != "" {
		return ""
	}
	t, _, ok := c.find(words[0].text, nextText(words))
	if !ok {
		return words[0].text // a namespace, a topic, or a name that help says is unknown
	}
	return t.Name
}

// nextText returns the second word when it may be the second half of a target's name.
func nextText(words []word) string {
	if len(words) < 2 || words[1].operand || strings.HasPrefix(words[1].text, "-") {
		return ""
	}
	return words[1].text
}

// parseTarget adds the target at the front of words, with its arguments, to the line. It returns
// the words after them.
func (c Catalogue) parseTarget(l *Line, words []word) ([]word, error) {
	typed, next := words[0].text, nextText(words)
	t, used, ok := c.find(typed, next)
	if l.First == "" {
		l.First = typed
	}
	if words[0].operand {
		return nil, fault.Usage("flag-invalid", "no target takes the operand %s", typed).
			WithHint("the words after -- are operands of the target before it")
	}
	if !ok {
		return nil, c.parseNamespace(l, words)
	}
	if both := c.fullName(typed, next); used == 1 && both != typed && !t.takesOperand() {
		// `bootstrap litelm` has a typing error in its second word: bootstrap alone is a target, too
		if _, _, ok := c.find(next, ""); !ok {
			return nil, c.UnknownFault(both)
		}
	}
	if l.First == typed {
		l.First = t.Name
	}
	call, rest, err := c.parseArguments(t, words[used:])
	if errors.Is(err, errHelp) {
		l.Calls = []Call{c.newCall("help", t.Name)}
		return nil, nil
	}
	l.Calls = append(l.Calls, call)
	if err == nil && slices.Contains(passingTargets, t.Name) {
		for len(rest) > 0 && rest[0].operand {
			l.AfterDashes, rest = append(l.AfterDashes, rest[0].text), rest[1:]
		}
	}
	return rest, err
}

// parseNamespace handles a word that is not a target: a namespace alone, or with -help. Other
// words are the fault target-unknown.
func (c Catalogue) parseNamespace(l *Line, words []word) error {
	typed := words[0].text
	if len(c.Within(typed)) > 0 {
		if len(words) == 1 {
			l.Namespace = strings.ToLower(typed)
			return nil
		}
		if isHelpFlag(words[1].flagName()) {
			l.Calls = []Call{c.newCall("help", typed)}
			return nil
		}
	}
	return c.UnknownFault(c.fullName(typed, nextText(words)))
}

// errHelp says that the help of a target is asked for, and that the target does not run.
var errHelp = errors.New("help is asked for")

// isHelpFlag reports whether a flag asks for help.
func isHelpFlag(name string) bool { return name == "h" || name == "help" }

// fullName returns the name that a fault shows: both words when the first is a namespace.
func (c Catalogue) fullName(typed, next string) string {
	if next != "" && len(c.Within(typed)) > 0 {
		return typed + ":" + next
	}
	return typed
}
