// Package docs holds FlowGate's documents inside the program, for `help TOPIC`.
package docs

import (
	"embed"
	"slices"
	"strings"
)

//go:embed *.md
var pages embed.FS

// section is a topic that is one section of a document.
type section struct{ topic, file, heading string }

// sections are the topics that people ask for by these words.
var sections = [...]section{
	{"environment", "flags", "Environment variables"},
	{"error-codes", "json", "Error codes"},
	{"exit-status", "json", "Exit status"},
}

// otherName returns the topic that a word means, the word itself where there is no other.
func otherName(word string) string {
	switch word {
	case "config":
		return "configuration"
	case "trust":
		return "threat-model"
	case "exit", "exit-code", "exit-codes", "status-codes":
		return "exit-status"
	case "env", "variables":
		return "environment"
	case "errors", "codes":
		return "error-codes"
	case "quickstart", "getting-started", "first":
		return "first-steps"
	}
	return word
}

// Topics returns the names of the documents and of the sections that are topics of their own, in
// alphabetical order.
func Topics() []string {
	files, err := pages.ReadDir(".")
	if err != nil {
		return nil
	}
	topics := make([]string, 0, len(files)+len(sections))
	for _, file := range files {
		topics = append(topics, strings.TrimSuffix(file.Name(), ".md"))
	}
	for _, s := range sections {
		topics = append(topics, s.topic)
	}
	slices.Sort(topics)
	return topics
}

// Page returns the text of a topic in Markdown; its name may end in .md, or be another word for
// it: config, trust, exit-codes.
func Page(topic string) (text string, ok bool) {
	topic = otherName(strings.TrimSuffix(strings.ToLower(topic), ".md"))
	for _, s := range sections {
		if s.topic == topic {
			return s.text()
		}
	}
	b, err := pages.ReadFile(topic + ".md")
	return string(b), err == nil
}

// text returns the section of its document, up to the next heading of the same level.
func (s section) text() (string, bool) {
	b, err := pages.ReadFile(s.file + ".md")
	_, rest, found := strings.Cut(string(b), "\n## "+s.heading+"\n")
	if err != nil || !found {
		return "", false
	}
	rest, _, _ = strings.Cut(rest, "\n## ")
	return "# " + s.heading + "\n" + rest, true
}
