// Package program knows how this program was typed, so that each command that FlowGate
// prints can be pasted into the shell that it was printed in. In FlowGate's own texts the
// word mage before a target stands for the program; Text, Format and Command replace it by what
// the user typed: `go tool mage`, `mage`, `flowgate`, its path, or `go tool flowgate`.
//
// Only texts of FlowGate's source go through these functions, never what a user or another
// program wrote. Start with Command.
package program

import (
	"strings"
	"sync/atomic"
)

// Variable is the environment variable that overrides what the command line shows: a
// supervisor gets it from the command that starts it, and a wrapper may set it.
const Variable = "FLOWGATE_PROGRAM"

// standIn is the word that stands for the program in FlowGate's own texts.
const standIn = "mage"

// findName is the function that finds out how the program was typed. It is nil in tests, where
// nobody typed it.
var findName atomic.Pointer[func() string]

// SetName sets the name that commands are printed with. An empty name changes nothing.
func SetName(name string) {
	if name != "" {
		find := func() string { return name }
		findName.Store(&find)
	}
}

// SetFinder sets the function that finds out the name when the first command is printed.
func SetFinder(find func() string) { findName.Store(&find) }

// Name returns what is typed before a target: words for a shell, quoted where necessary. A name
// that ends in a colon is joined with the target without a space.
func Name() string {
	find := findName.Load()
	if find == nil {
		return standIn
	}
	name := (*find)()
	SetName(name)
	return name
}

// Command returns the shell command that runs a target: words are the target and its arguments.
func Command(words string) string { return prefix() + words }

// configFlag is " -config=FILE" when the command line has that flag.
var configFlag atomic.Pointer[string]

// SetConfig makes Fix add -config=FILE. An empty file changes nothing.
func SetConfig(file string) {
	if file != "" {
		flag := " -config=" + Quote(file)
		configFlag.Store(&flag)
	}
}

// Fix returns the shell command of a fix as the user types it. When command begins with mage, the
// program's name replaces that word, and -config is added if the command line had it; other
// commands are returned unchanged.
func Fix(command string) string {
	words, isOurs := strings.CutPrefix(command, standIn+" ")
	if !isOurs {
		return command
	}
	if flag := configFlag.Load(); flag != nil && !strings.Contains(words, "-config=") {
		words += *flag
	}
	return Command(words)
}

// prefix returns what is typed before a target, with the space after it if there is one.
func prefix() string {
	if name := Name(); !strings.HasSuffix(name, ":") {
		return name + " "
	}
	return Name()
}

// Text returns a text of the source with the program's name in place of each mage that
// stands before a target.
func Text(text string) string { return replaceStandIn(text, prefix) }

// Format is Text for a format of package fmt: a percent sign in the program's name stays one.
func Format(format string) string {
	return replaceStandIn(format, func() string { return strings.ReplaceAll(prefix(), "%", "%%") })
}

// replaceStandIn returns text with what name returns in place of each `mage ` before a target.
func replaceStandIn(text string, name func() string) string {
	const word = standIn + " "
	var b strings.Builder
	for from := 0; ; {
		i := strings.Index(text[from:], word)
		if i < 0 {
			return b.String() + text[from:]
		}
		start, end := from+i, from+i+len(word)
		b.WriteString(text[from:start])
		if isBoundary(text[:start]) && end < len(text) && (text[end] >= 'a' && text[end] <= 'z' || text[end] == '%') {
			b.WriteString(name())
		} else {
			b.WriteString(word)
		}
		from = end
	}
}

// isBoundary reports whether a command can begin after the text before. After `go tool ` and
// within a path none does.
func isBoundary(before string) bool {
	if before == "" {
		return true
	}
	return strings.ContainsRune(" \t\n`'\"(:", rune(before[len(before)-1])) && !strings.HasSuffix(before, "go tool ")
}
