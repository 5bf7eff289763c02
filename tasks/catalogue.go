package tasks

import (
	"slices"
	"strings"
)

// target is a function that can be typed. All of them are in the catalogue,
// which is written from this package's own text: names, parameters and comments
// of functions stand nowhere else.
type target struct {
	name     string // "profile:set"; that of a Default method is the namespace's
	method   string // what mage calls it, "profile:set" or "test:default"
	synopsis string // first line of its comment, without the function's name
	params   []param
	reads    string // when it only reads: "always", "without -fix", "with -dry-run"; "" for never

	normalName, normalMethod string // for comparison; see flat
}

type param struct {
	name     string // lower case, as mage matches it
	flag     string // as people type it: writeBaseline is write-baseline, range_ is range
	kind     string // string, bool, int or time.Duration
	optional bool   // -name=value; else by position
}

// positionalNames are optional parameters that may also be given by position.
var positionalNames = []string{"service", "target", "provider", "drill"}

// usage is how the target is typed, "profile:set NAME [-timeout=DURATION]".
func (t target) usage() string {
	words := []string{t.name}
	for _, p := range t.params {
		switch {
		case !p.optional:
			words = append(words, strings.ToUpper(p.name))
		case slices.Contains(positionalNames, p.name):
			words = append(words, "["+strings.ToUpper(p.name)+"]")
		case p.kind == "bool":
			words = append(words, "[-"+p.flag+"]")
		default:
			words = append(words, "[-"+p.flag+"="+strings.ToUpper(strings.TrimPrefix(p.kind, "time."))+"]")
		}
	}
	return strings.Join(words, " ")
}

// positionalIndex is the index of the parameter that may be given by position, -1 when
// there is none.
func (t target) positionalIndex() int {
	return slices.IndexFunc(t.params, func(p param) bool { return p.optional && slices.Contains(positionalNames, p.name) })
}

// flag returns the optional parameter with that name; dashes in it do not count.
func (t target) flag(name string) (param, bool) {
	name = normalize(name)
	i := slices.IndexFunc(t.params, func(p param) bool { return p.optional && normalize(p.flag) == name })
	if i < 0 {
		return param{}, false
	}
	return t.params[i], true
}
