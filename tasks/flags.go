package tasks

import (
	_ "embed"
	"strings"
)

// flagMeanings says on each line what a flag means, "FLAG: MEANING; DEFAULT", or
// "TARGET -FLAG: …" where it means something else there.
//
//go:embed flags.txt
var flagMeanings string

// flagMeaning returns what a flag of a target means; "" when flags.txt does not have it.
func flagMeaning(target, flag string) string {
	for _, key := range [...]string{target + " -" + flag, flag} {
		for line := range strings.Lines(flagMeanings) {
			if name, meaning, _ := strings.Cut(line, ": "); name == key {
				return strings.TrimSuffix(meaning, "\n")
			}
		}
	}
	return ""
}
