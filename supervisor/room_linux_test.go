package supervisor_test

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/internal/rightstest"
	"github.com/flowgate-go/flowgate/supervisor/control"
	"github.com/flowgate-go/flowgate/supervisor/logs"
	"github.com/flowgate-go/flowgate/supervisor/supervisortest"
)

func TestAfterAFullDiskEachServiceIsReportedToHaveAGapInItsLog(t *testing.T) {
	t.Parallel()
	if !rightstest.Mount(t) {
		return
	}
	s := smallDisk(t, "512k", supervisortest.Trivial(t, "talks", "-chatter"), supervisortest.Trivial(t, "silent"), supervisortest.Trivial(t, "off"))
	s.MustStart("talks", "silent")
	talks := s.Config.Services[0]
	full := filepath.Join(s.Config.Paths.RuntimeDir, "full")
	fillUp(t, full, make([]byte, 4096))
	lost := func() (c supervisortest.Unwritten) {
		resp, err := http.Get(talks.URL() + "/chatter")
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		if err := json.NewDecoder(resp.Body).Decode(&c); err != nil {
			t.Fatal(err)
		}
		return c
	}
	// Long enough for two looks, a second apart.
	supervisortest.Eventually(t, "lines to be lost", func() bool { c := lost(); return c.Last.Sub(c.First) > 2100*time.Millisecond })
	if said := s.EventDetails(control.EventLogGap); len(said) != 0 {
		t.Errorf("said while the disk was full: %q", said)
	}
	if err := os.Remove(full); err != nil {
		t.Fatal(err)
	}
	supervisortest.Eventually(t, "the gap to be said", func() bool { return len(s.EventDetails(control.EventLogGap)) == 2 })
	from, to := gapOf(t, s.EventDetails(control.EventLogGap)[0])
	// Stamps are cut to the millisecond.
	if c := lost(); c.First.Before(from) || c.Last.After(to.Add(time.Millisecond)) ||
		to.Sub(from) > c.Last.Sub(c.First)+5*time.Second {
		t.Errorf("lost from %v to %v; said is %v to %v", c.First, c.Last, from, to)
	}
	if events := strings.Join(s.Events(), "\n"); !strings.Contains(events, "log.gap talks") ||
		!strings.Contains(events, "log.gap silent") || strings.Contains(events, "log.gap off") {
		t.Errorf("events\n%s", events)
	}
	wantNoteBetweenItsLines(s, "talks", from)
	supervisortest.Eventually(t, "another look", func() bool { c := lost(); return time.Since(c.Last) > 2*time.Second })
	if said := s.EventDetails(control.EventLogGap); len(said) != 2 {
		t.Errorf("said again: %q", said)
	}
}

func gapOf(t *testing.T, detail string) (from, to time.Time) {
	t.Helper()
	var at [2]time.Time
	for i, stamp := range regexp.MustCompile(`\d{4}-\S+Z`).FindAllString(detail, 2) {
		var err error
		if at[i], err = time.Parse(time.RFC3339, stamp); err != nil {
			t.Fatal(err)
		}
	}
	if at[0].IsZero() || at[1].IsZero() {
		t.Fatalf("no times in %q", detail)
	}
	return at[0], at[1]
}

// wantNoteBetweenItsLines is about what a person reads: the lines before, that
// some are missing, the lines after.
func wantNoteBetweenItsLines(s *supervisortest.Stack, service string, from time.Time) {
	s.T.Helper()
	before, notes, after := 0, 0, 0
	err := logs.Logs(s.T.Context(), s.Config, logs.Options{N: -1, Services: []string{service}}, func(l logs.LogLine) error {
		switch {
		case l.Event != "":
			notes++
		case notes > 0 && l.Time.After(from):
			after++
		case l.Time.Before(from.Add(time.Second)):
			before++
		}
		return nil
	})
	if err != nil || before == 0 || notes != 1 || after == 0 {
		s.T.Errorf("%d lines before, %d notes, %d lines after, %v", before, notes, after, err)
	}
	recent := func(o logs.Options) string { return strings.Join(s.Logs(o), "\n") }
	o := logs.Options{N: 2, Services: []string{service}}
	supervisortest.Eventually(s.T, "the note to be past", func() bool { return !strings.Contains(recent(o), "log.gap") })
	if o.N, o.Level = -1, "error"; !strings.Contains(recent(o), service+": log.gap: the disk was full for up to") {
		s.T.Errorf("errors only:\n%s", recent(o))
	}
	if o = (logs.Options{N: -1, Services: []string{"off"}}); recent(o) != "" {
		s.T.Errorf("a service that did not run:\n%s", recent(o))
	}
}
