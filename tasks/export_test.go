package tasks

import "github.com/flowgate-go/flowgate/internal/commandline"

// Parse returns Catalogue.Parse for tests: the arguments for mage, the common flags, and the
// namespace that was typed alone.
func Parse(words ...string) (args []string, common map[string]string, listed string, err error) {
	line, err := catalogue.Parse(words)
	for _, call := range line.Calls {
		args = append(args, call.Words()...)
	}
	return args, line.Common, line.Namespace, err
}

// TargetNames returns the names that mage knows the targets by.
func TargetNames() []string {
	var names []string
	for _, t := range parsed() {
		names = append(names, t.Method)
	}
	return names
}

// Elsewhere returns by package the target that runs tests which the target test skips.
func Elsewhere() map[string]string { return targetsByPackage() }

// Usages returns the usage lines of all targets.
func Usages() map[string]string {
	all := map[string]string{}
	for _, t := range parsed() {
		all[t.Name] = t.Usage()
	}
	return all
}

// Synopses returns the one-line descriptions of all targets.
func Synopses() map[string]string {
	all := map[string]string{}
	for _, t := range parsed() {
		all[t.Name] = t.Synopsis
	}
	return all
}

// Reads says of all targets when they only read.
func Reads() map[string]string {
	all := map[string]string{}
	for _, t := range parsed() {
		all[t.Name] = t.ReadOnly
	}
	return all
}

// Flags returns the names of the flags of all targets.
func Flags() map[string][]string {
	all := map[string][]string{}
	for _, t := range parsed() {
		for _, p := range t.Params {
			if p.Optional {
				all[t.Name] = append(all[t.Name], p.Flag)
			}
		}
	}
	return all
}

// FlagMeaning returns what help says of a flag of a target.
func FlagMeaning(target, flag string) string { return flagMeaning(target, flag) }

// FlagMeanings is flags.txt.
func FlagMeanings() string { return flagMeanings }

// Complete returns the words that completion offers, each value being "value".
func Complete(before []string, current string) (words []string) {
	values := func(commandline.Target, string) []string { return []string{"value"} }
	for _, c := range catalogue.Complete(before, current, values) {
		words = append(words, c.Word)
	}
	return words
}

// CatchSignals is catchSignals.
var CatchSignals = catchSignals

// LimitMemory does what router:serve does with the memory limit and the garbage collector.
func LimitMemory(getenv func(string) string) (restore func()) {
	return session{invocation: invocation{getenv: getenv}}.limitMemory(0)
}
