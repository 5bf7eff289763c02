package logs_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/supervisor/control"
	"github.com/flowgate-go/flowgate/supervisor/logs"
	"github.com/flowgate-go/flowgate/supervisor/supervisortest"
)

func TestLogsGivesTheLastLinesOfEachService(t *testing.T) {
	t.Parallel()
	s := supervisortest.NewStack(t, supervisortest.Trivial(t, "a"), supervisortest.Trivial(t, "b"), supervisortest.Trivial(t, "silent"))
	s.Put("process-logs/a.log", "one\ntwo\n\nfour\nunfinished")
	s.Put("process-logs/b.log", strings.Repeat(strings.Repeat("x", 1000)+"\n", 1000)+"last\n")
	for _, c := range []struct {
		o    logs.Options
		want []string
	}{
		{logs.Options{N: 2, Services: []string{"a"}}, []string{"a: four", "a: unfinished"}},
		{logs.Options{N: 1}, []string{"a: unfinished", "b: last"}},
		{logs.Options{N: 0}, nil},
		{logs.Options{N: 99, Services: []string{"a"}}, []string{"a: one", "a: two", "a: ", "a: four", "a: unfinished"}},
		{logs.Options{N: -1, Services: []string{"a"}}, []string{"a: one", "a: two", "a: ", "a: four", "a: unfinished"}},
	} {
		if got := s.Logs(c.o); !slices.Equal(got, c.want) {
			t.Errorf("%+v: %q, want %q", c.o, got, c.want)
		}
	}
	if got := s.Logs(logs.Options{N: 501, Services: []string{"b"}}); len(got) != 501 || got[500] != "b: last" ||
		len(got[0]) != 1003 {
		t.Errorf("%d lines, the first of %d bytes", len(got), len(got[0]))
	}
	if got := s.Logs(logs.Options{N: -1, Services: []string{"b"}}); len(got) != 1001 {
		t.Errorf("all of b are %d lines", len(got))
	}
}

func TestLogsAreScrubbedAndAnUnknownServiceRefused(t *testing.T) {
	t.Parallel()
	s := supervisortest.NewStack(t, supervisortest.Trivial(t, "a"))
	s.Put("process-logs/a.log", "key sk-canary\n")
	scrub := func(line []byte) []byte { return []byte(strings.ReplaceAll(string(line), "sk-canary", "…")) }
	if got := s.Logs(logs.Options{N: 5, Scrub: scrub}); !slices.Equal(got, []string{"a: key …"}) {
		t.Errorf("%q", got)
	}
	err := logs.Logs(t.Context(), s.Config, logs.Options{Services: []string{"aa"}}, nil)
	supervisortest.WantFault(t, err, "service-unknown", `"a"`)
}

func TestAReceiverThatLeavesEndsLogsWithItsOwnError(t *testing.T) {
	t.Parallel()
	s := supervisortest.NewStack(t, supervisortest.Trivial(t, "a"))
	s.Put("process-logs/a.log", "one\ntwo\n")
	closed := errors.New("stdout is closed")
	calls := 0
	err := logs.Logs(t.Context(), s.Config, logs.Options{N: 5, Follow: true}, func(logs.LogLine) error {
		calls++
		return closed
	})
	if !errors.Is(err, closed) || calls != 1 || err.Error() != closed.Error() {
		t.Errorf("%v after %d calls", err, calls)
	}
}

func TestFollowGivesWholeLinesAcrossCutsAndReplacements(t *testing.T) {
	t.Parallel()
	s := supervisortest.NewStack(t, supervisortest.Trivial(t, "a"), supervisortest.Trivial(t, "b"))
	path := filepath.Join(s.Config.Paths.ProcessLogs(), "a.log")
	s.Put("process-logs/a.log", "old\nhalf")
	lines := make(chan string, 100)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		done <- logs.Logs(ctx, s.Config, logs.Options{N: 1, Follow: true}, func(l logs.LogLine) error {
			lines <- l.Service + ": " + l.Line
			return nil
		})
	}()
	next := func(want string) {
		t.Helper()
		select {
		case got := <-lines:
			if got != want {
				t.Errorf("got %q, want %q", got, want)
			}
		case <-time.After(10 * time.Second):
			t.Fatalf("%q did not come", want)
		}
	}
	next("a: old")
	s.Put("process-logs/a.log", " and half\n")
	next("a: half and half")
	s.Put("process-logs/b.log", "born later\n")
	next("b: born later")
	if err := os.Truncate(path, 0); err != nil {
		t.Fatal(err)
	}
	s.Put("process-logs/a.log", "cut\n")
	next("a: cut")
	if err := os.Rename(path, path+".1"); err != nil {
		t.Fatal(err)
	}
	s.Put("process-logs/a.log", "replaced\n")
	next("a: replaced")
	cancel()
	if err := <-done; err != nil {
		t.Errorf("the end of following: %v", err)
	}
}

func TestEventsAreChosenByNumberAndTime(t *testing.T) {
	t.Parallel()
	s := supervisortest.NewStack(t, supervisortest.Trivial(t, "a"))
	s.Put("events.log", `{"timestamp":"2026-01-01T00:00:00.000Z","event":"old"}
not json
{"timestamp":"2026-01-02T00:00:00.000Z","event":"new"}
{"no":"event"}
`)
	s.MustStart()
	got := s.Events()
	if want := []string{"old", "new", "supervisor.started", "service.starting a", "service.ready a"}; !slices.Equal(got,
		want) {
		t.Errorf("all: %q, want %q", got, want)
	}
	var since []control.Event
	err := logs.Events(t.Context(), s.Config, logs.EventOptions{N: -1, Since: time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)},
		func(e control.Event) error { since = append(since, e); return nil })
	if err != nil || len(since) != 4 || since[0].Event != "new" {
		t.Errorf("since: %+v, %v", since, err)
	}
	for _, e := range since[1:] {
		if at := e.Time(); time.Since(at) > time.Minute || len(e.Timestamp) != len("2026-01-01T00:00:00.000Z") ||
			e.Result != "ok" {
			t.Errorf("event %+v", e)
		}
	}
}

func TestLogsOfSeveralServicesAreMergedByTimeAndChosenByLevelAndAge(t *testing.T) {
	t.Parallel()
	s := supervisortest.NewStack(t, supervisortest.Trivial(t, "a"), supervisortest.Trivial(t, "b"))
	at := func(age time.Duration) string { return time.Now().UTC().Add(-age).Format(time.RFC3339Nano) }
	s.Put("process-logs/a.log", `{"time":"`+at(3*time.Hour)+`","level":"INFO","msg":"a1"}
{"time":"`+at(2*time.Minute)+`","level":"ERROR","msg":"a2"}
  its second line
`)
	s.Put("process-logs/b.log", "["+time.Now().Add(-4*time.Minute).Format("2006-01-02 15:04:05")+"] [warn ] b1\n"+
		"["+time.Now().Add(-time.Minute).Format("2006-01-02 15:04:05")+"] [debug] b2\n")
	for _, c := range []struct {
		o    logs.Options
		want string
	}{
		{logs.Options{N: -1}, "a1 b1 a2 line b2"},
		{logs.Options{N: -1, Since: time.Now().Add(-10 * time.Minute)}, "b1 a2 line b2"},
		{logs.Options{N: -1, Level: "warn"}, "b1 a2 line"},
		{logs.Options{N: -1, Level: "error", Services: []string{"b"}}, ""},
	} {
		var got []string
		for _, line := range s.Logs(c.o) {
			for _, word := range []string{"a1", "a2", "b1", "b2", "line"} {
				if strings.Contains(line, word) {
					got = append(got, word)
				}
			}
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%+v: %q, want %q", c.o, got, c.want)
		}
	}
	err := logs.Logs(t.Context(), s.Config, logs.Options{Level: "loud"}, nil)
	supervisortest.WantFault(t, err, "level-unknown", "loud")
}
