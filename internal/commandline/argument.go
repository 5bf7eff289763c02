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

// parseArguments takes the operands and flags of t, in any order, off the front of words. It
// returns the words after them.
func (c Catalogue) parseArguments(t Target, words []word) (Call, []word, error) {
	call := Call{Target: t}
	missing := lo.Filter(t.Params, func(p Param, _ int) bool { return !p.Optional })
	for len(words) > 0 {
		var v Value
		var used int
		var err error
		switch {
		case words[0].flagName() != "":
			v, used, err = t.parseFlag(words)
		case len(missing) > 0:
			v, used, err = t.parseOperand(missing[0], words[0].text)
			missing = missing[1:]
		case words[0].operand && slices.Contains(passingTargets, t.Name):
			return call, words, nil
		default:
			v, used, err = c.parseOptionalOperand(call, words)
		}
		if err != nil {
			return call, nil, err
		}
		if used == 0 {
			break
		}
		words = words[used:]
		if v.Param.Name != "" { // else an ignored flag of the Python tool
			call.Values = append(call.Values, v)
		}
	}
	if len(missing) > 0 {
		return call, nil, fault.Usage("argument-missing", "%s needs %s", t.Name, strings.ToUpper(missing[0].Name)).
			WithHint("usage: mage %s", t.Usage())
	}
	return call, words, nil
}

// parseOperand returns text as the value of the operand p, which is one word.
func (t Target) parseOperand(p Param, text string) (Value, int, error) {
	if err := p.checkValue(text); err != nil {
		return Value{}, 0, fault.Usage("flag-invalid", "%s: %s is not a valid %s: %w", t.Name, text,
			strings.ToUpper(p.Name), err).
			WithHint("usage: mage %s", t.Usage())
	}
	return Value{p, text}, 1, nil
}

// parseFlag parses the flag at the front and its value, which may be the next word. It
// also returns how many words these are.
func (t Target) parseFlag(words []word) (Value, int, error) {
	name, value, hasValue := splitFlag(words[0].text)
	p, ok := t.flag(name)
	if !ok {
		if v, used, err := t.translateFlag(words); used > 0 || err != nil {
			return v, used, err
		}
	}
	switch {
	case !ok && isHelpFlag(name):
		return Value{}, 0, errHelp
	case !ok:
		return Value{}, 0, unknownFlagFault(t, name)
	}
	used := 1
	switch {
	case hasValue:
	case p.Kind == "bool":
		value = "true"
	case len(words) > 1:
		value, used = words[1].text, 2
	default:
		return Value{}, 0, fault.Usage("flag-invalid", "-%s needs a value", name).WithHint("usage: mage %s", t.Usage())
	}
	value = p.addUnit(value)
	if err := p.checkValue(value); err != nil {
		return Value{}, 0, fault.Usage("flag-invalid", "-%s=%s: %w", name, value, err).
			WithHint("usage: mage %s", t.Usage())
	}
	if p.Kind == "bool" {
		on, _ := strconv.ParseBool(value)
		value = strconv.FormatBool(on)
	}
	return Value{p, value}, used, nil
}

// parseOptionalOperand parses an operand that may be left out. used is 0 when the first word is
// the next target. An operand that is a target's name may be typed as two words as well.
func (c Catalogue) parseOptionalOperand(call Call, words []word) (v Value, used int, err error) {
	t, i := call.Target, call.Target.positionalIndex()
	takesTargets := i >= 0 && t.Params[i].Name == "target"
	_, width, isTarget := c.find(words[0].text, nextText(words))
	if !words[0].operand && (i < 0 || !takesTargets && (isTarget || c.isNamespace(words))) {
		return Value{}, 0, nil
	}
	if i < 0 {
		return Value{}, 0, fault.Usage("flag-invalid", "%s takes no operand such as %s", t.Name, words[0].text).
			WithHint("usage: mage %s", t.Usage())
	}
	for _, earlier := range call.Values {
		if earlier.Param.Name == t.Params[i].Name {
			return Value{}, 0, fault.Usage("flag-invalid", "%s takes one %s, not both %s and %s", t.Name,
				strings.ToUpper(earlier.Param.Name), earlier.Text, words[0].text).
				WithHint("usage: mage %s", t.Usage())
		}
	}
	if takesTargets && isTarget && width == 2 {
		return Value{t.Params[i], words[0].text + ":" + words[1].text}, 2, nil
	}
	return Value{t.Params[i], words[0].text}, 1, nil
}

// isNamespace reports whether the first word is a namespace and another word follows it.
func (c Catalogue) isNamespace(words []word) bool {
	return nextText(words) != "" && len(c.Within(words[0].text)) > 0
}

// addUnit returns value with the unit s when p is a duration and value a bare number, which means
// seconds as in flowgate.yaml.
func (p Param) addUnit(value string) string {
	if _, err := strconv.ParseFloat(value, 64); err == nil && p.Kind == "time.Duration" &&
		strings.Trim(value, "0123456789.") == "" {
		return value + "s"
	}
	return value
}

// checkValue returns what is wrong with a value that mage could not parse, nil when it can.
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
