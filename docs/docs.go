// Package docs holds FlowGate's documents inside the program, for `help TOPIC`.
package docs

import (
	"embed"
	"strings"
)

//go:embed *.md
var pages embed.FS

// Topics returns the names of the documents in alphabetical order, "auth" before "ci".
func Topics() []string {
	files, err := pages.ReadDir(".")
	if err != nil {
		return nil
	}
	topics := make([]string, len(files))
	for i, file := range files {
		topics[i] = strings.TrimSuffix(file.Name(), ".md")
	}
	return topics
}

// Page returns the text of a topic in Markdown; its name may end in .md.
func Page(topic string) (text string, ok bool) {
	b, err := pages.ReadFile(strings.TrimSuffix(strings.ToLower(topic), ".md") + ".md")
	return string(b), err == nil
}
