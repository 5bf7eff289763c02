package program

import "strings"

// Quote returns a word in the form that a shell reads as this word: in single quotes when it has a
// character that is special to a shell.
func Quote(word string) string {
	if word == "" || strings.ContainsAny(word, " \t\n'\"\\$`*?[]#~=%&|;<>(){}!") {
		return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
	}
	return word
}

// quoteAll returns words for a shell, separated by spaces.
func quoteAll(words []string) string {
	quoted := make([]string, len(words))
	for i, word := range words {
		quoted[i] = Quote(word)
	}
	return strings.Join(quoted, " ")
}
