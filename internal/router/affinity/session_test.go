package affinity_test

import (
	"net/http"
	"testing"

	"github.com/flowgate-go/flowgate/internal/router/affinity"
)

// TestTheFirstHeaderWithASessionDecides takes the headers away one by one, in the order in which they count.
func TestTheFirstHeaderWithASessionDecides(t *testing.T) {
	t.Parallel()
	order := []string{"X-Litellm-Trace-Id", "X-Litellm-Session-Id", "X-Aider-Session-Id", "X-Claude-Code-Session-Id",
		"X-Zed-Session-Id", "Session-Id", "Session_id", "Thread-Id", "Conversation_id", "Conversation-Id", "X-Session-Id",
		"X-Session-Affinity"}
	header := http.Header{"Content-Type": {"application/json"}, "X-Request-Id": {"no-session"}, "Short-Session-Id": {"no-session"}}
	for _, name := range order {
		header[name] = []string{"id of " + name, "another"}
	}
	for i, name := range order {
		for range 20 { // the order of a map changes
			if got := affinity.SessionOf(header, &affinity.Marks{}); got != "id of "+name {
				t.Fatalf("%q, want that of %s", got, name)
			}
		}
		switch i % 3 { // what has no id of a valid length is passed over
		case 0:
			delete(header, name)
		case 1:
			header[name] = []string{"short", "long enough, but the second"}
		case 2:
			header[name] = nil
		}
	}
	if got := affinity.SessionOf(header, &affinity.Marks{}); got != "" {
		t.Errorf("%q without a header that has one", got)
	}
}
