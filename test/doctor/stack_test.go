package doctor_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/samber/lo"

	"github.com/flowgate-go/flowgate/internal/tcp/tcptest"
)

// stack is a real installation in a folder and git repository of its own.
type stack struct {
	t            testing.TB
	dir          string
	port, upPort int
	env          []string
	installed    string       // program in the store
	before       string       // shell words before every examination
	subscription atomic.Value // string: the used share in percent that its upstream tells
}

// finding is what the tests look at of one check in a report.
type finding struct {
	ID     string
	Status string
	Detail json.RawMessage
	Fix    struct{ Command, Text string }
	Mended []string
}

// examination is a doctor report.
type examination struct {
	OK       bool
	Summary  struct{ Pass, Warn, Fail, Skip int }
	Checks   []finding
	Error    *struct{ Code, Message, Hint string }
	Duration float64 `json:"duration_ms"`
}

// newStack initialises a folder as people do.
func newStack(t testing.TB) *stack {
	t.Helper()
	s := &stack{t: t, dir: folder(t), port: tcptest.FreePort(t), upPort: tcptest.FreePort(t)}
	for _, name := range []string{"home", "tmp"} {
		if err := os.Mkdir(filepath.Join(s.dir, name), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	s.env = append(
		os.Environ(),
		"HOME="+filepath.Join(s.dir, "home"),
		"XDG_STATE_HOME="+filepath.Join(s.dir, "home", "state"),
		"TMPDIR="+filepath.Join(s.dir, "tmp"),
		"GIT_CONFIG_GLOBAL=/dev/null",
		"HTTP_PROXY=",
		"http_proxy=",
		"ALL_PROXY=",
		"all_proxy=",
		"FLOWGATE_CONFIG=",
		"FLOWGATE_FORMAT=",
		"FLOWGATE_PROGRAM=mage",
	)
	s.shell("git init -q")
	s.mage("init", "-port="+strconv.Itoa(s.port), "-upstream-port="+strconv.Itoa(s.upPort))
	t.Cleanup(func() { _, _ = s.runMage("stop") })
	return s
}

// folder is a temporary one with a path short enough for a control socket, and
// without symbolic links in it.
func folder(t testing.TB) string {
	t.Helper()
	made, err := os.MkdirTemp("", "fd-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(made) })
	dir, err := filepath.EvalSymlinks(made)
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// mage runs the program and fails the test when it does.
func (s *stack) mage(words ...string) []byte {
	s.t.Helper()
	out, err := s.runMage(words...)
	if err != nil {
		s.t.Fatalf("mage %s: %v\n%s", strings.Join(words, " "), err, out)
	}
	return out
}

func (s *stack) runMage(words ...string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, binary, words...)
	if s.before != "" {
		cmd = exec.CommandContext(ctx, "/bin/sh", append([]string{"-c", s.before + `exec "$0" "$@"`, binary}, words...)...)
	}
	cmd.Dir, cmd.Env = s.dir, s.env
	var complaint bytes.Buffer
	cmd.Stderr = &complaint
	out, err := cmd.Output()
	if err != nil {
		err = fmt.Errorf("%w: %s", err, complaint.String())
	}
	return out, err
}

// shell runs a line in the stack's folder; "mage" in it is the program.
func (s *stack) shell(line string) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "/bin/sh", "-ec", `mage() { "$FLOWGATE" "$@"; }; `+line)
	cmd.Dir, cmd.Env = s.dir, append(s.env, "FLOWGATE="+binary)
	before, _ := os.ReadFile(s.path(settings)) // there is none before the first init
	if out, err := cmd.CombinedOutput(); err != nil {
		s.t.Fatalf("%s: %v\n%s", line, err, out)
	}
	if after, _ := os.ReadFile(s.path(settings)); !bytes.Equal(before, after) {
		s.trust()
	}
}

// doctor examines the stack.
func (s *stack) doctor(flags ...string) examination {
	s.t.Helper()
	out, err := s.runMage(append([]string{"doctor"}, flags...)...)
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		s.t.Fatal(err)
	}
	doc, invalid := document(out)
	if invalid == nil {
		invalid = reportIs.Validate(doc)
	}
	var e examination
	if json.Unmarshal(out, &e) != nil || invalid != nil {
		s.t.Fatalf("no report (%v, %v): %s", err, invalid, out)
	}
	return e
}

// complaints are the IDs of the checks that do not hold, sorted.
func (e examination) complaints() []string {
	bad := lo.Filter(e.Checks, func(f finding, _ int) bool { return f.Status == "warn" || f.Status == "fail" })
	ids := lo.Map(bad, func(f finding, _ int) string { return f.ID })
	slices.Sort(ids)
	return ids
}

func (e examination) find(id string) finding {
	f, _ := lo.Find(e.Checks, func(f finding) bool { return f.ID == id })
	return f
}

func (s *stack) path(name string) string { return filepath.Join(s.dir, name) }

// edit replaces old, which must be there, in a file of the stack.
func (s *stack) edit(name, old, new string) {
	s.t.Helper()
	text, err := os.ReadFile(s.path(name))
	if err != nil || !strings.Contains(string(text), old) {
		s.t.Fatalf("%s does not hold %q (%v)", name, old, err)
	}
	s.write(name, strings.ReplaceAll(string(text), old, new))
}

func (s *stack) write(name, text string) {
	s.t.Helper()
	if err := os.MkdirAll(filepath.Dir(s.path(name)), 0o700); err != nil {
		s.t.Fatal(err)
	}
	if err := os.WriteFile(s.path(name), []byte(text), 0o600); err != nil {
		s.t.Fatal(err)
	}
	if name == settings {
		s.trust()
	}
}

// trust is what a user types after an edit of the configuration. One that
// cannot be used cannot be trusted either: those tests are about that.
func (s *stack) trust() { _, _ = s.runMage("trust") }

func (s *stack) read(name string) string {
	s.t.Helper()
	text, err := os.ReadFile(s.path(name))
	if err != nil {
		s.t.Fatal(err)
	}
	return string(text)
}

// pid is that of a running service, or of the supervisor.
func (s *stack) pid(service string) int {
	s.t.Helper()
	out := s.mage("status", "-jq", `[.data.supervisor.pid, (.data.services[]|select(.name=="`+service+`").pid)]|last`)
	if service == "supervisor" {
		out = s.mage("status", "-jq", ".data.supervisor.pid")
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(out)))
	if err != nil || pid == 0 {
		s.t.Fatalf("no pid of %s: %s", service, out)
	}
	return pid
}

// await waits until holds says yes.
func await(t testing.TB, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !holds(); {
		if time.Now().After(deadline) {
			t.Fatalf("%s: not within 30 s", what)
		}
		select {
		case <-t.Context().Done():
			t.FailNow()
		case <-time.After(10 * time.Millisecond):
		}
	}
}
