package program

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/flowgate-go/flowgate/internal/selfexec"
)

// Started is how this process was started.
type Started struct {
	Args       []string // os.Args
	Executable string   // the file that runs
	Prefix     string   // what a magefile imports the targets under; "" for none
	Getenv     func(string) string
	Parents    func() [][]string // the arguments of the parent process and of its parent
}

// Find returns what the user typed before the first target: words for a shell, with the
// targets' prefix where they have one.
//
// mage and `go tool` compile a program into a cache and execute it there, so its own name
// says nothing, but the command lines of its parent processes do. When these cannot be read, the
// name is a guess: `go tool mage`, which works wherever Go does.
func Find(s Started) string {
	if name := s.Getenv(Variable); name != "" {
		return name
	}
	if s.Prefix != "" {
		return s.findProgram() + " " + s.Prefix + ":"
	}
	return s.findProgram()
}

// findProgram returns what the user typed as the program.
func (s Started) findProgram() string {
	switch {
	case selfexec.IsInMageCache(s.Executable, s.Getenv("MAGEFILE_CACHE")):
		return s.findMage()
	case selfexec.IsInGoCache(s.Executable):
		if words := s.wordsBefore(0); len(words) > 1 && filepath.Base(words[0]) == "go" {
			return shortenCommand(words)
		}
		return "go tool " + Quote(filepath.Base(s.Executable))
	}
	return s.findBinary()
}

// findMage returns how mage was typed: as a command, or as `go tool mage`.
func (s Started) findMage() string {
	words := s.wordsBefore(0)
	if len(words) > 0 && selfexec.IsInGoCache(words[0]) { // `go tool mage`: its parent is go
		words = s.wordsBefore(1)
	}
	if len(words) > 0 && !selfexec.IsInGoCache(words[0]) {
		return shortenCommand(words)
	}
	return "go tool mage"
}

// wordsBefore returns the words before this program's own arguments in the command line of a
// parent process (generation 0) or of its parent (1); nil when that does not end in them.
func (s Started) wordsBefore(generation int) []string {
	parents := s.Parents()
	if generation >= len(parents) || len(s.Args) == 0 {
		return nil
	}
	words, own := parents[generation], s.Args[1:]
	before := len(words) - len(own)
	if before < 1 || !slices.Equal(words[before:], own) {
		return nil
	}
	return words[:before]
}

// shortenCommand returns words for a shell. The first word, a program, loses its folder when a
// shell finds the same file by its base name.
func shortenCommand(words []string) string {
	words = slices.Clone(words)
	base := filepath.Base(words[0])
	if found, err := exec.LookPath(base); err == nil && isSameFile(found, words[0]) {
		words[0] = base
	}
	return quoteAll(words)
}

// findBinary returns the name of a compiled program: as it was typed when that leads to the same
// file, else its path.
func (s Started) findBinary() string {
	typed := s.Args[0]
	if strings.ContainsRune(typed, filepath.Separator) {
		if isSameFile(typed, s.Executable) && !strings.HasPrefix(typed, "/proc/") {
			return Quote(typed)
		}
		return Quote(s.Executable)
	}
	if found, err := exec.LookPath(typed); err == nil && isSameFile(found, s.Executable) {
		return Quote(typed)
	}
	return Quote(s.Executable)
}

// isSameFile reports whether two paths lead to one file.
func isSameFile(a, b string) bool {
	one, err := os.Stat(a)
	if err != nil {
		return false
	}
	other, err := os.Stat(b)
	return err == nil && os.SameFile(one, other)
}
