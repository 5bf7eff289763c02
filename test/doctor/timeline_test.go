package doctor_test

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/samber/lo"

	"github.com/flowgate-go/flowgate/internal/tcp/tcptest"
)

// moment and history are what the tests look at of a timeline.
type moment struct {
	At                    time.Time
	Source, Subject, What string
}

type history struct {
	State, Cause, Next string
	WellSince          *time.Time `json:"well_since"`
	WellUntil          *time.Time `json:"well_until"`
	Changed, Moments   []moment
}

func (s *stack) timeline(flags ...string) history {
	s.t.Helper()
	var report struct{ Data history }
	if out := s.mage(append([]string{"doctor", "timeline"}, flags...)...); json.Unmarshal(out, &report) != nil {
		s.t.Fatalf("%s", out)
	}
	return report.Data
}

func TestATimelineTellsAStopFromADeathAndNamesTheWayBack(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	if h := s.timeline(); h.State != "down" || h.Cause != "no event says that it was ever well" || h.WellUntil != nil {
		t.Fatalf("never started: %+v", h)
	}
	startStack(s)
	if h := s.timeline(); h.State != "well" || h.Cause != "" || h.Next != "" || h.WellSince == nil || len(h.Changed) > 0 {
		t.Fatalf("up: %+v", h)
	}
	before := time.Now().Add(-time.Second)
	s.mage("stop")
	h := s.timeline()
	if h.State != "down" || !strings.Contains(h.Cause, "stopped by a command") || h.WellUntil == nil ||
		h.WellUntil.Before(before) {
		t.Fatalf("stopped: %+v", h)
	}
	s.shell(h.Next)
	if h = s.timeline(); h.State != "well" {
		t.Fatalf("after %s: %+v", h.Next, h)
	}
	orphans := []int{s.pid("litellm"), s.pid("cliproxyapi_plus")}
	s.signal(s.pid("supervisor"), syscall.SIGKILL)
	await(t, "no supervisor", func() bool {
		out, _ := s.runMage("status", "-jq", ".data.supervisor")
		return strings.TrimSpace(string(out)) == "null"
	})
	if h = s.timeline(); h.State != "unwell" || !strings.Contains(h.Cause, "supervisor was killed") {
		t.Errorf("a supervisor killed: %+v", h)
	}
	for _, pid := range orphans {
		s.signal(pid, syscall.SIGKILL)
	}
	await(t, "it is down", func() bool { h = s.timeline(); return h.State == "down" })
	if !strings.Contains(h.Cause, "without a word") || h.Next != "mage start" {
		t.Errorf("all killed: %+v", h)
	}
}

func TestATimelineNamesWhatChangedBeforeAFailure(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	withUpstream(s)
	s.edit("config/cliproxyapi.yaml", fmt.Sprintf("port: %d", s.upPort), fmt.Sprintf("port: %d", tcptest.FreePort(t)))
	now := time.Now() // the time that the system gives a file may lie some milliseconds back
	lo.Must0(os.Chtimes(s.path("config/cliproxyapi.yaml"), now, now))
	if _, err := s.runMage("restart", "cliproxyapi_plus", "-timeout=1s"); err == nil {
		t.Fatal("it got ready")
	}
	h := s.timeline()
	if len(h.Changed) != 1 || h.Changed[0].Subject != "config/cliproxyapi.yaml" || h.Changed[0].Source != "config" {
		t.Fatalf("%+v", h)
	}
	out, _ := s.runMage("doctor", "-format=text")
	first, _, _ := strings.Cut(string(out), "\n")
	if !strings.HasPrefix(first, "the stack is ") || !strings.Contains(first, "→ mage ") {
		t.Fatalf("doctor begins with %q", first)
	}
}

// event is a line of events.log.
func event(at time.Time, name, service, profile, detail string) string {
	text, _ := json.Marshal(map[string]string{"timestamp": at.UTC().Format(time.RFC3339Nano), "event": name,
		"service": service, "profile": profile, "result": "ok", "detail": detail})
	return string(text) + "\n"
}

// TestATimelineIsReadFromTheRecord has records of a night without an observer.
func TestATimelineIsReadFromTheRecord(t *testing.T) {
	t.Parallel()
	at := time.Now().Add(-20 * time.Hour).Truncate(time.Second)
	minute := func(n int) time.Time { return at.Add(time.Duration(n) * time.Minute) }
	well := event(minute(0), "supervisor.started", "", "", "0.1.0") + event(minute(1), "service.ready", "cliproxyapi_plus",
		"", "") + event(minute(2), "service.ready", "litellm", "", "")
	endedEarly := `start-failed: service "litellm" ended before it was ready: exit status 3`
	for name, c := range map[string]struct{ log, cause, next string }{
		"a profile": {
			well + event(minute(5), "profile.changed", "", "cost", `from "balanced"`) + event(minute(9), "service.exited",
				"litellm", "", "exit status 3") + event(minute(10), "service.failed", "litellm", "", endedEarly),
			"litellm: service.failed: " + endedEarly + " at " + clock(minute(10)) + "; the last change before it: " +
				`cost became the active profile in place of "balanced" at ` + clock(minute(5)),
			"mage profile:set balanced",
		},
		"an upgrade": {
			well + event(minute(5), "supervisor.started", "", "", "0.2.0") + event(minute(9), "service.unready", "litellm", "",
				"HTTP 500"),
			"litellm: service.unready: HTTP 500 at " + clock(minute(9)) + "; the last change before it: " +
				"flowgate 0.1.0 became 0.2.0 at " + clock(minute(5)),
			"mage version",
		},
		"a port": {
			well + event(minute(5), "profile.changed", "", "cost", `from "balanced"`) + event(minute(9), "service.failed",
				"litellm", "", "port-in-use: process 812 has it"),
			"litellm: service.failed: port-in-use: process 812 has it at " + clock(minute(9)), "mage doctor -only='ports.*'",
		},
		"nothing else": {
			well + event(minute(9), "service.exited", "litellm", "", "signal: killed"),
			"litellm: service.exited: signal: killed at " + clock(minute(9)), "mage logs litellm",
		},
		"no word": {well, "the supervisor ended without a word after " + clock(minute(2)) +
			": killed, or the machine was restarted", "mage start"},
		"a recovery": {
			well + event(minute(3), "service.exited", "litellm", "", "exit status 3") + event(minute(4), "service.ready",
				"litellm", "", "") + event(minute(9), "service.stopping", "litellm", "", "") + event(minute(9), "service.stopped",
				"litellm", "", ""),
			"it was stopped by a command at " + clock(minute(9)), "mage start",
		},
		"lines that are none": {"{\n\x00\xff\n[]\n" + strings.Repeat("x", 1<<20) + "\n" + well,
			"the supervisor ended without a word after " + clock(minute(2)) + ": killed, or the machine was restarted",
			"mage start"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStack(t)
			s.write(".router/runtime/events.log", c.log)
			for _, file := range []string{settings, "config/cliproxyapi.yaml", ".router/secrets/gateway.key",
				".router/secrets/upstream.key", ".router/secrets/management.key"} {
				lo.Must0(os.Chtimes(s.path(file), at, at))
			}
			h := s.timeline()
			if h.State != "down" || h.Cause != c.cause || h.Next != c.next {
				t.Errorf("%s\n%s\nwant\n%s\n%s", h.Cause, h.Next, c.cause, c.next)
			}
			for i := 1; i < len(h.Moments); i++ {
				if h.Moments[i].At.Before(h.Moments[i-1].At) {
					t.Errorf("out of order: %+v", h.Moments[i-1:i+1])
				}
			}
			if all, few := len(h.Moments), len(s.timeline("-since=1h").Moments); few >= all || few == 0 {
				t.Errorf("%d moments of a day, %d of an hour", all, few)
			}
		})
	}
}

func clock(at time.Time) string { return at.UTC().Format(time.RFC3339) }

func TestATimelineWorksWithAnOccupiedPortAndABrokenLog(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	startStack(s)
	s.mage("stop")
	l := lo.Must(net.Listen("tcp", "127.0.0.1:"+strconv.Itoa(s.port)))
	defer func() { _ = l.Close() }()
	if h := s.timeline(); h.State != "down" || h.Next != "mage start" {
		t.Errorf("a stranger on the port: %+v", h)
	}
	if err := os.Remove(s.path(".router/runtime/events.log")); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(s.path(".router/runtime/events.log"), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := s.runMage("doctor", "timeline"); err == nil || !strings.Contains(string(out), `"log-unreadable"`) {
		t.Errorf("a pipe: %v %s", err, out)
	}
}
