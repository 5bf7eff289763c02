package docs_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/flowgate-go/flowgate/docs"
)

func TestEveryTopicHasAPage(t *testing.T) {
	t.Parallel()
	topics := docs.Topics()
	for _, topic := range append(topics, "config", "trust", "exit-codes", "env", "errors", "quickstart", "JSON.md") {
		if text, ok := docs.Page(topic); !ok || !strings.HasPrefix(text, "# ") {
			t.Errorf("%s: %v %.40q", topic, ok, text)
		}
	}
	for _, topic := range []string{"configuration", "exit-status", "environment", "json", "threat-model", "first-steps"} {
		if !slices.Contains(topics, topic) {
			t.Errorf("%s is not listed", topic)
		}
	}
	if _, ok := docs.Page("nothing"); ok {
		t.Error("nothing is a topic")
	}
}

func TestATopicThatIsASectionEndsWithIt(t *testing.T) {
	t.Parallel()
	text, _ := docs.Page("exit-status")
	if !strings.Contains(text, "| 130 | interrupted |") || strings.Contains(text, "\n## ") ||
		strings.Contains(text, "port-in-use") {
		t.Error(text)
	}
}
