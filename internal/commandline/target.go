// Package commandline parses what was typed after the program's name: the targets to run,
// each with its arguments, and the flags that all take. Call Catalogue.Parse; a shell that
// completes a line calls Catalogue.Complete.
//
// It knows the targets from the catalogue that it is given, runs none, and prints nothing. It
// has more than 700 lines because parsing, completion and the spellings of the Python tool
// read words by one set of rules.
package commandline

import (
	"slices"
	"strings"
)

// Catalogue lists all targets in alphabetical order.
type Catalogue []Target

// Target is a function that can be run by its name.
type Target struct {
	Name     string // "profile:set"; a Default method has the name of its namespace
	Method   string // what mage calls it, "profile:set" or "test:default"
	Synopsis string // first line of its comment, without the function's name
	Params   []Param
	ReadOnly string // when it only reads: "always", "without -fix", "with -dry-run"; "" for never

	NormalName, NormalMethod string // Normalize of Name and Method, computed when the catalogue is generated
}

// Param is a parameter of a target.
type Param struct {
	Name     string // in lower case, as mage matches it
	Flag     string // as people type it: writeBaseline is write-baseline, range_ is range
	Kind     string // string, bool, int or time.Duration
	Optional bool   // -name=value; else by position
}

// positionalNames are optional parameters that may also be given by position.
var positionalNames = []string{"service", "target", "provider", "drill", "configuration", "client", "folder"}

// Usage returns how the target is typed, "profile:set NAME [-timeout=DURATION]".
func (t Target) Usage() string {
	words := []string{t.Name}
	for _, p := range t.Params {
		switch {
		case !p.Optional:
			words = append(words, strings.ToUpper(p.Name))
		case slices.Contains(positionalNames, p.Name):
			words = append(words, "["+strings.ToUpper(p.Name)+"]")
		case p.Kind == "bool":
			words = append(words, "[-"+p.Flag+"]")
		default:
			words = append(words, "[-"+p.Flag+"="+strings.ToUpper(strings.TrimPrefix(p.Kind, "time."))+"]")
		}
	}
	return strings.Join(words, " ")
}

// positionalIndex returns the index of the parameter that may be given by position, -1 when
// there is none.
func (t Target) positionalIndex() int {
	return slices.IndexFunc(t.Params, func(p Param) bool { return p.Optional && slices.Contains(positionalNames, p.Name) })
}

// takesOperand reports whether a word after the target may be its operand.
func (t Target) takesOperand() bool {
	return t.positionalIndex() >= 0 || slices.ContainsFunc(t.Params, func(p Param) bool { return !p.Optional })
}

// flag returns the optional parameter with that flag name, in any spelling that Normalize unifies.
func (t Target) flag(name string) (Param, bool) {
	name = Normalize(name)
	i := slices.IndexFunc(t.Params, func(p Param) bool { return p.Optional && Normalize(p.Flag) == name })
	if i < 0 {
		return Param{}, false
	}
	return t.Params[i], true
}
