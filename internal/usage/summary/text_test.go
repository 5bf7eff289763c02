package summary_test

import (
	"strings"
	"testing"

	"github.com/flowgate-go/flowgate/internal/usage/ledger"
	"github.com/flowgate-go/flowgate/internal/usage/summary"
)

func TestALineSaysWhoWhatWhereAndWhy(t *testing.T) {
	t.Parallel()
	cost := 0.25
	for want, row := range map[string]ledger.Row{
		"alice claude-cli/2 opus azure 200 12 ms 30 ms 10+5 $0.2500": {Client: "alice",
			UserAgent: "claude-cli/2 (x)", Requested: "opus", Deployment: "azure", Status: 200, FirstByteMS: 12, DurationMS: 30,
			TokensKnown: true, Input: 10, Output: 5, Cost: &cost},
		"bob opus 429 30 ms RateLimitError, 2 attempts, fallback mini": {Client: "bob", Requested: "opus",
			Status: 429, DurationMS: 30, Class: "RateLimitError", Attempts: 2, Fallback: "mini"},
		"bob opus 200 30 ms ? ?": {Client: "bob", Requested: "opus", Status: 200, DurationMS: 30, Attempts: 1},
	} {
		row.Time = noon
		fields := strings.Fields(summary.Line{Row: row}.Page())
		if got := strings.Join(fields[2:], " "); got != want { // after the date and the time
			t.Errorf("%s\nwant %s", got, want)
		}
	}
}
