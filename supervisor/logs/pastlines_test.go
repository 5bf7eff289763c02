package logs_test

import (
	"fmt"
	"math"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/logfile"
	"github.com/flowgate-go/flowgate/supervisor/control"
	"github.com/flowgate-go/flowgate/supervisor/logs"
	"github.com/flowgate-go/flowgate/supervisor/supervisortest"
)

func TestALevelIsAppliedBeforeTheNumberOfLines(t *testing.T) {
	t.Parallel()
	s := supervisortest.NewStack(t, supervisortest.Trivial(t, "a"))
	s.Put("process-logs/a.log", "2026-01-02T03:04:05Z ERROR first\n  of two lines\n2026-01-02T03:04:05Z ERROR second\n")
	busy := strings.Repeat("2026-01-02T03:04:06Z INFO request\n", 8_000) // far more than is read at first
	s.Put("process-logs/a.log", busy+"2026-01-02T03:04:07Z ERROR third\n"+busy)
	for n, want := range map[int][]string{
		1: {"a: 2026-01-02T03:04:07Z ERROR third"},
		2: {"a: 2026-01-02T03:04:05Z ERROR second", "a: 2026-01-02T03:04:07Z ERROR third"},
		3: {"a:   of two lines", "a: 2026-01-02T03:04:05Z ERROR second", "a: 2026-01-02T03:04:07Z ERROR third"},
		99: {"a: 2026-01-02T03:04:05Z ERROR first", "a:   of two lines", "a: 2026-01-02T03:04:05Z ERROR second",
			"a: 2026-01-02T03:04:07Z ERROR third"},
	} {
		if got := s.Logs(logs.Options{N: n, Level: "error"}); !slices.Equal(got, want) {
			t.Errorf("-n %d: %q", n, got)
		}
	}
	if got := s.Logs(logs.Options{N: math.MaxInt, Level: "error"}); len(got) != 4 {
		t.Errorf("with the greatest number: %q", got)
	}
	if got := s.Logs(logs.Options{N: 10_000, Level: "info"}); len(got) != 10_000 {
		t.Errorf("%d lines of level info", len(got))
	}
}

func TestLinesSinceATimeAreReadFromTheEnd(t *testing.T) {
	// Not parallel: it measures what is allocated.
	s := supervisortest.NewStack(t, supervisortest.Trivial(t, "a"))
	now := time.Now().UTC()
	line := func(age time.Duration, text string) string {
		return now.Add(-age).Format(time.RFC3339) + " INFO " + text + "\n"
	}
	old := strings.Repeat(line(time.Hour, strings.Repeat("x", 200)), 20_000)
	for range 4 { // more than a piece holds
		s.Put("process-logs/a.log", old)
		if err := cutLog(s.Config); err != nil {
			t.Fatal(err)
		}
	}
	recent := ""
	for i := range 1000 { // more than is read at first
		recent += line(time.Minute, fmt.Sprintf("%d %s", i, strings.Repeat("y", 200))) + " goes on\n"
	}
	s.Put("process-logs/a.log", recent)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	got := s.Logs(logs.Options{N: -1, Since: now.Add(-2 * time.Minute)})
	runtime.ReadMemStats(&after)
	if len(got) != 2000 || !strings.Contains(got[0], "INFO 0 y") || got[1] != "a:  goes on" {
		t.Errorf("%d lines, the first %.60q", len(got), got[:min(2, len(got))])
	}
	if grown := after.TotalAlloc - before.TotalAlloc; grown > 12<<20 {
		t.Errorf("%d MB were allocated for 230 kB of lines", grown>>20)
	}
	if got := s.Logs(logs.Options{N: 3, Since: now.Add(-2 * time.Minute)}); len(got) != 3 || got[2] != "a:  goes on" {
		t.Errorf("the last three: %q", got)
	}
	if got := s.Logs(logs.Options{N: -1}); len(got) < 40_000 {
		t.Errorf("all are %d lines", len(got))
	}
}

// cutLog bounds the log of service a as a supervisor does each second.
func cutLog(cfg *config.Config) error {
	_, err := logfile.Cut(control.LogPath(cfg, "a"), logfile.StandardLimits())
	return err
}
