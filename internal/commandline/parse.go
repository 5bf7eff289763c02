package commandline

import (
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/samber/lo"

	"github.com/flowgate-go/flowgate/internal/fault"
)

// CommonFlags are the flags that every target takes, anywhere on the line.
var CommonFlags = []string{"jq", "raw", "format", "config", "exit", "trust", "verbose"}

// Line is what was typed, in the form that mage's own parsing takes.
type Line struct {
	Args      []string          // for mage: targets, then positions, then -name=value
	Common    map[string]string // the common flags; "true" for a switch
	Namespace string            // the namespace when one was typed alone
	First     string            // the first target, for a report of what is wrong
}

// Parse reads the words behind the program's name. Its faults (target-unknown,
// flag-unknown, flag-invalid, argument-missing) come before any target runs.
func (c Catalogue) Parse(words []string) (Line, error) {
	line := Line{Common: map[string]string{}}
	rest, err := line.parseCommon(words)
	if err != nil {
		return line, err
	}
	for len(rest) > 0 && strings.HasPrefix(rest[0], "-") { // mage's own: -l -h -v -t
		line.Args, rest = append(line.Args, rest[0]), rest[1:]
	}
	for len(rest) > 0 {
		if rest, err = c.parseTarget(&line, rest); err != nil {
			return line, err
		}
	}
	return line, nil
}

// parseCommon takes the common flags out, wherever they stand.
func (l *Line) parseCommon(words []string) (rest []string, err error) {
	for i := 0; i < len(words); i++ {
		name, value, given := splitFlag(words[i])
		if !slices.Contains(CommonFlags, name) {
			rest = append(rest, words[i])
			continue
		}
		if isSwitch := name == "raw" || name == "exit" || name == "verbose"; isSwitch {
			if !given {
				value = "true"
			}
			on, err := strconv.ParseBool(value)
			if err != nil {
				return nil, fault.Usage("flag-invalid", "-%s=%s: not true or false", name, value)
			}
			value = strconv.FormatBool(on) // 1, T and TRUE mean true as well
		} else if !given {
			if i++; i == len(words) {
				return nil, fault.Usage("flag-invalid", "-%s needs a value", name).WithHint("write -%s=VALUE", name)
			}
			value = words[i]
		}
		l.Common[name] = value
	}
	return rest, nil
}

// splitFlag splits -name=value and --name=value; name is "" when word is not a flag.
func splitFlag(word string) (name, value string, given bool) {
	if len(word) < 2 || word[0] != '-' {
		return "", "", false
	}
	name, value, given = strings.Cut(strings.TrimPrefix(word[1:], "-"), "=")
	return strings.ToLower(name), value, given
}

// parseTarget takes one target with its arguments off the front.
func (c Catalogue) parseTarget(l *Line, words []string) ([]string, error) {
	next := ""
	if len(words) > 1 {
		next = words[1]
	}
	t, used, ok := c.find(words[0], next)
	if l.First == "" {
		l.First = words[0]
	}
	if !ok {
		if next == "" && len(c.Within(words[0])) > 0 {
			l.Namespace = strings.ToLower(words[0])
			return nil, nil
		}
		return nil, c.UnknownFault(c.fullName(words[0], next))
	}
	if both := c.fullName(words[0], next); used == 1 && both != words[0] &&
		t.positionalIndex() < 0 { // `bootstrap litelm`: bootstrap alone is a target too
		if _, _, ok := c.find(next, ""); !ok {
			return nil, c.UnknownFault(both)
		}
	}
	if l.First == words[0] {
		l.First = t.Name
	}
	l.Args = append(l.Args, t.Method)
	return c.parseArguments(l, t, words[used:])
}

// fullName returns the name that a fault shows: both words when the first is a namespace.
func (c Catalogue) fullName(word, next string) string {
	if next != "" && next[0] != '-' && len(c.Within(word)) > 0 {
		return word + ":" + next
	}
	return word
}

// parseArguments takes t's positions and flags, in any order, off the front.
func (c Catalogue) parseArguments(l *Line, t Target, words []string) ([]string, error) {
	var flags []string
	operand := "" // the optional one that was typed
	missing := lo.Filter(t.Params, func(p Param, _ int) bool { return !p.Optional })
	for len(words) > 0 {
		if name, _, _ := splitFlag(words[0]); name == "" && len(missing) > 0 {
			if err := missing[0].checkValue(words[0]); err != nil {
				return nil, fault.Usage("flag-invalid", "%s: %s is not a valid %s: %w", t.Name, words[0],
					strings.ToUpper(missing[0].Name), err).
					WithHint("usage: mage %s", t.Usage())
			}
			l.Args, words, missing = append(l.Args, words[0]), words[1:], missing[1:]
			continue
		}
		flag, used, err := c.parseFlag(t, words)
		if err != nil {
			return nil, err
		}
		if used == 0 {
			break
		}
		if name, _, _ := splitFlag(words[0]); name == "" {
			if operand != "" {
				return nil, fault.Usage("flag-invalid", "%s takes one %s, not both %s and %s", t.Name,
					strings.ToUpper(t.Params[t.positionalIndex()].Name), operand, words[0]).
					WithHint("usage: mage %s", t.Usage())
			}
			operand = words[0]
		}
		flags, words = append(flags, flag), words[used:]
	}
	if len(missing) > 0 {
		return nil, fault.Usage("argument-missing", "%s needs %s", t.Name, strings.ToUpper(missing[0].Name)).
			WithHint("usage: mage %s", t.Usage())
	}
	l.Args = append(l.Args, flags...)
	return words, nil
}

// parseFlag reads one flag or optional operand off the front; used is 0 when
// there is none, so that the next word begins another target.
func (c Catalogue) parseFlag(t Target, words []string) (flag string, used int, err error) {
	name, value, given := splitFlag(words[0])
	if name == "" {
		return c.parsePositional(t, words)
	}
	p, ok := t.flag(name)
	if !ok {
		return "", 0, unknownFlagFault(t, name)
	}
	used = 1
	switch {
	case given:
	case p.Kind == "bool":
		value = "true"
	case len(words) > 1:
		value, used = words[1], 2
	default:
		return "", 0, fault.Usage("flag-invalid", "-%s needs a value", name).WithHint("usage: mage %s", t.Usage())
	}
	value = p.withUnit(value)
	if err := p.checkValue(value); err != nil {
		return "", 0, fault.Usage("flag-invalid", "-%s=%s: %w", name, value, err).WithHint("usage: mage %s", t.Usage())
	}
	if p.Kind == "bool" {
		on, _ := strconv.ParseBool(value)
		value = strconv.FormatBool(on)
	}
	return "-" + p.Name + "=" + value, used, nil
}

// parsePositional reads the optional operand off the front. A target's name may be
// typed as two words there as well.
func (c Catalogue) parsePositional(t Target, words []string) (string, int, error) {
	i := t.positionalIndex()
	if _, _, isTarget := c.find(words[0], ""); i < 0 || isTarget && t.Params[i].Name != "target" {
		return "", 0, nil
	}
	flag := "-" + t.Params[i].Name + "=" + words[0]
	if t.Params[i].Name == "target" && len(words) > 1 {
		if _, used, ok := c.find(words[0], words[1]); ok && used == 2 {
			return flag + ":" + words[1], 2, nil
		}
	}
	return flag, 1, nil
}

// withUnit makes seconds of a bare number where a duration is wanted, as in
// flowgate.yaml.
func (p Param) withUnit(value string) string {
	if _, err := strconv.ParseFloat(value, 64); err == nil && p.Kind == "time.Duration" &&
		strings.Trim(value, "0123456789.") == "" {
		return value + "s"
	}
	return value
}

// checkValue reports what is wrong with a value that mage would not be able to read.
func (p Param) checkValue(value string) error {
	switch p.Kind {
	case "bool":
		if _, err := strconv.ParseBool(value); err != nil {
			return errors.New("not true or false")
		}
	case "int":
		if _, err := strconv.Atoi(value); errors.Is(err, strconv.ErrRange) {
			return errors.New("the number is too large")
		} else if err != nil {
			return errors.New("not a whole number")
		}
	case "time.Duration":
		d, err := time.ParseDuration(value)
		if err != nil {
			return errors.New("not a length of time such as 90s, 15m or 36h")
		}
		if d < 0 {
			return errors.New("must not be negative")
		}
	}
	return nil
}
