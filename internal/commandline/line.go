package commandline

import "github.com/samber/lo"

// CommonFlags are the flags that every target takes, anywhere on the line.
var CommonFlags = []string{"jq", "raw", "format", "config", "exit", "trust", "verbose"}

// commonSwitches are the common flags without a value.
var commonSwitches = []string{"raw", "exit", "verbose"}

// Line is a parsed command line.
type Line struct {
	Calls       []Call            // the targets to run, in their order
	Common      map[string]string // the common flags; "true" for a switch
	Namespace   string            // the namespace when one was typed alone
	First       string            // the name of the first target, for the report when the line is wrong
	AfterDashes []string          // the words after --, for a target that passes them on
	Notes       []Note            // old spellings that were typed
}

// Call is one target with its arguments.
type Call struct {
	Target Target
	Values []Value
}

// Value is an argument in the form that its parameter's kind is parsed from: a duration has
// its unit, a switch is "true" or "false".
type Value struct {
	Param Param
	Text  string
}

// Words returns the call in the form that mage's own parser reads: the target, its operands, and
// then -name=value for each flag.
func (c Call) Words() []string {
	words := []string{c.Target.Method}
	operands, flags := lo.FilterReject(c.Values, func(v Value, _ int) bool { return !v.Param.Optional })
	for _, v := range operands {
		words = append(words, v.Text)
	}
	for _, v := range flags {
		words = append(words, "-"+v.Param.Name+"="+v.Text)
	}
	return words
}

// newCall returns a call of the target with that name. argument is the value of its first
// parameter; "" for none.
func (c Catalogue) newCall(name, argument string) Call {
	t, _ := c.Lookup(name)
	call := Call{Target: t}
	if argument != "" && len(t.Params) > 0 {
		call.Values = []Value{{t.Params[0], argument}}
	}
	return call
}
