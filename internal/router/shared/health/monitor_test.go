package health_test

import (
	"log/slog"
	"testing"
	"time"

	"github.com/gomodule/redigo/redis"

	"github.com/flowgate-go/flowgate/internal/router/shared/health"
)

func TestARedisIsSteadyAfterASecondAndOneThatOnlyReadsIsNotDown(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	m := health.New(slog.New(slog.DiscardHandler), func() time.Time { return now })
	m.Note(health.Commands, nil)
	m.Note(health.Messages, nil)
	for text, isDown := range map[string]bool{"READONLY You can't write": false, "OOM command not allowed": false,
		"LOADING Redis is loading": true} {
		m.Note(health.Commands, redis.Error(text))
		if s := m.Status(); s.Connected || m.IsDown() != isDown {
			t.Errorf("%s: %+v, down: %v", text, s, m.IsDown())
		}
		m.Note(health.Commands, nil)
		now = now.Add(999 * time.Millisecond)
		if m.Note(health.Commands, nil); m.Status().Connected {
			t.Errorf("%s: it is steady after less than a second", text)
		}
		now = now.Add(time.Millisecond)
		if m.Note(health.Commands, nil); !m.Status().Connected {
			t.Errorf("%s: it is not steady after a second", text)
		}
	}
}
