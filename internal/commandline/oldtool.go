package commandline

import (
	"slices"
	"strings"

	"github.com/flowgate-go/flowgate/internal/fault"
)

// The Python tool of the same name had other names for some targets and flags. People and
// scripts still use them: the functions here translate them, and a note tells the new name.

// oldFlag says what a flag of the Python tool means for a target.
type oldFlag struct {
	flag     string // the flag's name in FlowGate; "" when FlowGate ignores it
	value    bool   // it takes a value
	only     string // the only value that it may have; "" for any
	onTarget string // a target, or namespaces separated by spaces
}

// oldFlags are the flags of the Python tool that have another name in FlowGate, or none.
var oldFlags = map[string]oldFlag{
	"poll-interval":  {value: true, onTarget: "auth:login"},
	"dest-dir":       {flag: "dest", value: true, onTarget: "auth:import-headless"},
	"to-version":     {value: true, only: "2", onTarget: "config:migrate"},
	"require-sha256": {onTarget: "bootstrap"},
	"yes":            {onTarget: "bootstrap client"},
	"y":              {onTarget: "bootstrap client"},
}

// oldFormats maps the formats of the Python tool to those of FlowGate; "" is the default.
var oldFormats = map[string]string{"kv": "text", "legacy": "text", "auto": ""}

// oldSwitches are the flags that the Python tool takes before a command, with the common
// flag that each of them sets.
var oldSwitches = map[string]string{"debug": "verbose", "quiet": "quiet", "plain": "plain"}

// translateFlag returns what a flag of the Python tool means for t. used is 0 when the first word
// is not such a flag. v.Param.Name is empty for a flag that FlowGate ignores.
func (t Target) translateFlag(words []word) (v Value, used int, err error) {
	name, value, hasValue := splitFlag(words[0].text)
	old, ok := oldFlags[name]
	if space, _, _ := strings.Cut(t.Name, ":"); !ok ||
		t.Name != old.onTarget && !slices.Contains(strings.Fields(old.onTarget), space) {
		return Value{}, 0, nil
	}
	used = 1
	if old.value && !hasValue {
		if len(words) == 1 {
			return Value{}, 0, fault.Usage("flag-invalid", "-%s needs a value", name).WithHint("usage: mage %s", t.Usage())
		}
		value, used = words[1].text, 2
	}
	if old.only != "" && value != old.only {
		return Value{}, 0, fault.Usage("flag-invalid", "-%s=%s: only %s is possible", name, value, old.only).
			WithHint("leave the flag out: mage %s", t.Usage())
	}
	if old.flag == "" {
		return Value{}, used, nil
	}
	p, _ := t.flag(old.flag)
	return Value{p, value}, used, p.checkValue(value)
}

// translateFormat replaces a format of the Python tool by the one of FlowGate.
func (l *Line) translateFormat() {
	if format, old := oldFormats[l.Common["format"]]; old {
		l.note("-format="+l.Common["format"], "-format="+format)
		l.Common["format"] = format
	}
}

// takeOldSwitches takes the oldSwitches off the front of words and sets their common flags.
func (l *Line) takeOldSwitches(words []word) []word {
	for len(words) > 0 {
		common, old := oldSwitches[words[0].flagName()]
		if !old {
			break
		}
		l.Common[common] = "true"
		words = words[1:]
	}
	return words
}

// translateCommand returns the words of a command of the Python tool as they are typed for
// FlowGate, and other words unchanged.
func (c Catalogue) translateCommand(l *Line, words []word) []word {
	if len(words) < 2 || words[0].operand || words[1].operand {
		return words
	}
	first, second := strings.ToLower(words[0].text), strings.ToLower(words[1].text)
	old := first + " " + second
	switch {
	case first == "service" && slices.Contains([]string{"start", "stop", "restart"}, second):
		l.note(old, second)
		return append([]word{{text: second}}, dropAll(words[2:])...)
	case first == "auth" && len(words) > 2 && c.isAuthVerb(words[2].text) && !c.isAuthVerb(second):
		l.note(old+" "+words[2].text, "auth:"+words[2].text+" "+second)
		return append([]word{{text: "auth:" + words[2].text}, words[1]}, words[3:]...)
	case old == "integration print" || old == "integration apply":
		return l.translateIntegration(old, words[2:])
	case old == "bootstrap download", old == "bootstrap update" && !hasOperand(words[2:]):
		return c.translateBootstrap(l, second, words[2:])
	}
	return words
}

// dropAll returns words without a leading all, which stands for every service.
func dropAll(words []word) []word {
	if len(words) > 0 && words[0].text == "all" {
		return words[1:]
	}
	return words
}

// translateIntegration returns the words of `integration print`, which is client:setup -dry-run,
// and of `integration apply`, which is client:setup.
func (l *Line) translateIntegration(old string, words []word) []word {
	now := []word{{text: "client:setup"}}
	for _, w := range words {
		if w.text == "claude-code" {
			w.text = "claude"
		}
		now = append(now, w)
	}
	if old == "integration print" {
		now = append(now, word{text: "-dry-run"})
	}
	l.note(old, "client:setup")
	return now
}

// isAuthVerb reports whether text is the name of a target of the namespace auth.
func (c Catalogue) isAuthVerb(text string) bool {
	_, ok := c.Lookup("auth:" + text)
	return ok
}

// hasOperand reports whether the first word is an operand.
func hasOperand(words []word) bool { return len(words) > 0 && words[0].flagName() == "" }

// translateBootstrap returns the words of `bootstrap download` and of `bootstrap update` without
// an operand. A version that the Python tool takes as a flag chooses the target.
func (c Catalogue) translateBootstrap(l *Line, verb string, words []word) []word {
	var proxy, litellm, rest []word
	for i := 0; i < len(words); i++ {
		name, value, hasValue := splitFlag(words[i].text)
		flag, isProxy := map[string]string{"cliproxy-version": "version", "cliproxy-repo": "repository"}[name]
		if !isProxy && name != "litellm-version" {
			rest = append(rest, words[i])
			continue
		}
		if !hasValue && i+1 < len(words) {
			i++
			value = words[i].text
		}
		if isProxy {
			proxy = append(proxy, word{text: "-" + flag + "=" + value})
		} else {
			litellm = append(litellm, word{text: "-version=" + value})
		}
	}
	var all []word
	if len(proxy) > 0 {
		all = append(append(all, word{text: "bootstrap:cliproxyapi"}), append(proxy, rest...)...)
	}
	if len(litellm) > 0 {
		all = append(append(all, word{text: "bootstrap:litellm"}), append(litellm, rest...)...)
	}
	switch {
	case len(all) > 0:
		l.note("bootstrap "+verb, all[0].text)
		return all
	case verb == "download":
		l.note("bootstrap download", "bootstrap")
		return append([]word{{text: "bootstrap"}}, rest...)
	}
	return append([]word{{text: "bootstrap:update"}, {text: "all"}}, rest...)
}

// note records that an old spelling was typed.
func (l *Line) note(old, now string) { l.Notes = append(l.Notes, Note{old, now}) }

// Note is an old spelling that was typed, and the spelling that replaced it.
type Note struct{ Old, Now string }
