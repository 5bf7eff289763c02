package client_test

import (
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/internal/client"
)

func TestAClientIsSeenByItsKeyOrByItsUserAgent(t *testing.T) {
	t.Parallel()
	h := newHome(t)
	at := func(minute int) time.Time { return time.Date(2026, 11, 30, 12, minute, 0, 0, time.UTC) }
	all, err := client.List(router, []client.Sighting{
		{Key: "gateway", UserAgent: "claude-cli/2.1.197 (external, cli)", At: at(2)},
		{Key: "gateway", UserAgent: "claude-cli/2.0.0 (external, cli)", At: at(1)},
		{Key: "aider", UserAgent: "OpenAI/Python 2.54.0", At: at(3)},
		{Key: "gateway", UserAgent: "Codex Desktop/26.1 (Mac OS)", At: at(4)},
		{Key: "codex", UserAgent: "claude", At: at(5)},
		{Key: "laptop", UserAgent: "opencode/1.4.0 ai-sdk/provider-utils", At: at(6)},
		{Key: "laptop", UserAgent: "my-QwenCode/1", At: at(7)},
	}, h.options().Getenv)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]time.Time{"claude": at(2), "aider": at(3), "codex": at(5), "opencode": at(6)}
	for _, s := range all {
		if at, seen := want[s.Name]; seen != (s.LastSeen != nil) || seen && !s.LastSeen.Equal(at) {
			t.Errorf("%s was last seen at %v, want %v", s.Name, s.LastSeen, at)
		}
	}
}
