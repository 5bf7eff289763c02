package program

import "strings"

// Quote returns a word as a shell reads it: in single quotes when it holds anything that a
// shell would take for something else.
func Quote(word string) string {
	if word == "" || strings.ContainsAny(word, " \t\n'\"\\$`*?[]#~=%&|;<>(){}!") {
		return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
	}
	return word
}

// quoteAll returns words for a shell, with a space between.
func quoteAll(words []string) string {
	quoted := make([]string, len(words))
	for i, word := range words {
		quoted[i] = Quote(word)
	}
	return strings.Join(quoted, " ")
}
