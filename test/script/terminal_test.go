package script_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/creack/pty"
)

// terminal runs the program in dir with its stdin, stdout and stderr on a terminal of
// that width, and returns what the terminal was sent and the exit status.
func terminal(t *testing.T, dir string, width uint16, env []string, args ...string) (string, int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute) // what is drawn again and again has no end
	defer cancel()
	cmd := exec.CommandContext(ctx, binary, args...)
	cmd.Dir, cmd.Env = dir, append(append(os.Environ(), "CI=", "NO_COLOR=", "TERM=xterm", "FLOWGATE_FORMAT="), env...)
	tty, err := pty.StartWithSize(cmd, &pty.Winsize{Rows: 40, Cols: width})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tty.Close() }()
	out, err := io.ReadAll(tty)
	if err != nil && !errors.Is(err, syscall.EIO) { // Linux: the other side is closed
		t.Fatal(err)
	}
	err = cmd.Wait()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return strings.ReplaceAll(string(out), "\r\n", "\n"), cmd.ProcessState.ExitCode()
}

// lastScreen returns out without the lines that went away again.
func lastScreen(out string) string {
	lines := strings.SplitAfter(out, "\n")
	for i, line := range lines {
		if at := strings.LastIndex(line, "\r\x1b[K"); at >= 0 {
			lines[i] = line[at+len("\r\x1b[K"):]
		}
	}
	return strings.Join(lines, "")
}

// initOnTerminal returns a folder in which init has run, on free ports.
func initOnTerminal(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if out, code := terminal(t, dir, 80, nil, "init"); code != 0 || !strings.Contains(out, "\nNext:\n") {
		t.Fatalf("init: exit %d\n%s", code, out)
	}
	return dir
}

func TestATerminalGetsShortTextThatFitsItsWidth(t *testing.T) {
	t.Parallel()
	dir := initOnTerminal(t)
	for _, width := range []uint16{60, 80, 200} {
		for _, args := range [][]string{
			{"status"}, {"doctor", "-only=config.*,folder.*,keys.*"}, {"profile:list"}, {"auth:list"}, {"bootstrap:list"},
			{"config:validate"}, {"help"}, {"generation:list"}, {"doctor:explain", "ports.available"},
		} {
			out, code := terminal(t, dir, width, []string{"NO_COLOR=1"}, args...)
			out = lastScreen(out)
			if code != 0 || strings.Contains(out, "flowgate.report/v1") || strings.Contains(out, "\x1b") {
				t.Errorf("%v at %d: exit %d\n%q", args, width, code, out)
			}
			for line := range strings.Lines(out) {
				oneWord := len(strings.Fields(line)) == 1 // a path, which is never broken
				if n := utf8.RuneCountInString(strings.TrimRight(line, "\n")); n > int(width) && !oneWord {
					t.Errorf("%v at %d: %d columns: %s", args, width, n, line)
				}
			}
		}
	}
}

func TestATerminalGetsColoursUnlessToldOtherwise(t *testing.T) {
	t.Parallel()
	dir := initOnTerminal(t)
	for env, want := range map[string]bool{"X=1": true, "NO_COLOR=1": false, "TERM=dumb": false} {
		out, _ := terminal(t, dir, 80, []string{env}, "config:validate")
		if got := strings.Contains(out, "\x1b[32m✓\x1b[0m"); got != want {
			t.Errorf("%s: %q", env, out)
		}
	}
}

func TestADumbTerminalGetsNoEscapeSequences(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	t.Cleanup(func() { _, _ = shell(t, dir, binary+" stop") })
	if out, err := shell(t, dir, binary+" init "+freePorts(t)); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	for _, args := range [][]string{{"start"}, {"top"}, {"doctor"}, {"smoke"}, {"supervisor:upgrade"}, {"stop"}} {
		if out, code := terminal(t, dir, 80, []string{"TERM=dumb"}, args...); code != 0 || strings.Contains(out, "\x1b") {
			t.Errorf("%v: exit %d: %q", args, code, out)
		}
	}
}

func TestOnATerminalAnUpgradeIsOneSentence(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	t.Cleanup(func() { _, _ = shell(t, dir, binary+" stop") })
	if out, err := shell(t, dir, binary+" init "+freePorts(t)+" start"); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	out, code := terminal(t, dir, 200, []string{"NO_COLOR=1"}, "supervisor:upgrade")
	if out = lastScreen(out); code != 0 || strings.Count(out, "\n") != 1 || !strings.HasPrefix(out, "✓ the supervisor ") {
		t.Errorf("exit %d: %q", code, out)
	}
}

func TestOnATerminalAFailureShowsNoEmptyResult(t *testing.T) {
	t.Parallel()
	dir := initOnTerminal(t)
	if err := errors.Join(os.RemoveAll(dir+"/.router/runtime"), os.WriteFile(dir+"/.router/runtime", nil, 0o600)); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"page", "-print"}, {"client:check", "claude"}} {
		out, code := terminal(t, dir, 200, []string{"NO_COLOR=1", "PATH=/nowhere"}, args...)
		if out = lastScreen(out); code != 1 || !strings.HasPrefix(out, "Error: ") {
			t.Errorf("%v: exit %d: %q", args, code, out)
		}
	}
}

func TestOnATerminalAProblemIsShownOnceAndLast(t *testing.T) {
	t.Parallel()
	dir := initOnTerminal(t)
	out, code := terminal(t, dir, 80, []string{"NO_COLOR=1"}, "profile:set", "nope")
	if code != 2 || strings.Count(out, "unknown profile") != 1 || !strings.HasPrefix(out, "Error: ") {
		t.Errorf("exit %d: %q", code, out)
	}
	if err := os.Chmod(dir+"/.router/secrets/gateway.key", 0o644); err != nil {
		t.Fatal(err)
	}
	out, code = terminal(t, dir, 80, []string{"NO_COLOR=1"}, "doctor", "-only=keys.*")
	out = lastScreen(out)
	if code != 1 || strings.Count(out, "has mode 0644") != 1 || !strings.HasPrefix(out, "✗ keys.private") ||
		!strings.HasSuffix(out, "Error: doctor found 1 failure\n") || strings.Contains(out, "keys.present") {
		t.Errorf("exit %d: %q", code, out)
	}
	out, _ = terminal(t, dir, 80, []string{"NO_COLOR=1"}, "doctor", "-only=keys.*", "-verbose")
	if !strings.Contains(out, "✓ keys.present") {
		t.Errorf("-verbose does not show what passed: %q", out)
	}
}

func TestWhoeverAsksForJSONGetsIt(t *testing.T) {
	t.Parallel()
	dir := initOnTerminal(t)
	for name, c := range map[string]struct {
		env  string
		args []string
	}{
		"in CI":             {"CI=true", []string{"status"}},
		"with -format=json": {"X=1", []string{"status", "-format=json"}},
		"over the variable": {"FLOWGATE_FORMAT=text", []string{"status", "-format=json"}},
		"with a filter":     {"FLOWGATE_FORMAT=text", []string{"status", "-jq=."}},
		"by the variable":   {"FLOWGATE_FORMAT=json", []string{"status"}},
	} {
		out, code := terminal(t, dir, 80, []string{c.env}, c.args...)
		var doc struct{ Command string }
		if err := json.Unmarshal([]byte(out), &doc); err != nil || doc.Command != "status" || code != 0 {
			t.Errorf("%s: exit %d, %v: %.200s", name, code, err, out)
		}
	}
	if out, _ := terminal(t, dir, 80, []string{"CI=true"}, "status", "-format=text"); strings.HasPrefix(out, "{") {
		t.Errorf("an explicit format does not hold in CI: %q", out)
	}
	var piped bytes.Buffer
	cmd := exec.Command(binary, "status")
	cmd.Dir, cmd.Stdout, cmd.Env = dir, &piped, append(os.Environ(), "CI=")
	if err := cmd.Run(); err != nil || !strings.HasPrefix(piped.String(), `{"schema":"flowgate.report/v1"`) {
		t.Errorf("a pipe: %v: %.200s", err, piped.String())
	}
}

func TestATerminalShowsWhatRunsWithOtherSettings(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	ports := tourPorts(t)
	t.Cleanup(func() { _, _ = shell(t, dir, binary+" stop") })
	if out, code := terminal(t, dir, 80, nil, "init", "-port="+ports.Replace("4000"),
		"-upstream-port="+ports.Replace("8317")); code != 0 {
		t.Fatal(out)
	}
	if out, code := terminal(t, dir, 80, nil, "start"); code != 0 {
		t.Fatal(out)
	}
	if out, err := shell(t, dir, "sed -i.old 's/request_timeout: 600/request_timeout: 601/' config/flowgate.yaml"); err != nil {
		t.Fatal(out, err)
	}
	for _, width := range []uint16{60, 80, 200} {
		out, code := terminal(t, dir, width, []string{"NO_COLOR=1"}, "status")
		words := strings.Join(strings.Fields(lastScreen(out)), " ")
		if code != 0 || !strings.Contains(words, "! litellm is not as the configuration has it now: it runs with the models and "+
			"settings that it loaded at its start") || !strings.Contains(words, "restart litellm applies the change") {
			t.Errorf("at %d: exit %d\n%s", width, code, out)
		}
		for line := range strings.Lines(lastScreen(out)) {
			if n := utf8.RuneCountInString(strings.TrimRight(line, "\n")); n > int(width) && len(strings.Fields(line)) > 1 &&
				!strings.Contains(line, binary) {
				t.Errorf("at %d: %d columns: %s", width, n, line)
			}
		}
	}
	out, code := terminal(t, dir, 80, []string{"NO_COLOR=1"}, "start")
	if code != 1 || strings.Count(out, "runs and was not changed") != 1 {
		t.Errorf("start: exit %d\n%s", code, out)
	}
}
