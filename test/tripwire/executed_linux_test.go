package tripwire_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// TestTargetsThatOnlyReadExecuteOnlyOurselvesGitAndAShell has the kernel's word
// for it: a tripwire shows what fires, strace(1) shows all that was executed.
func TestTargetsThatOnlyReadExecuteOnlyOurselvesGitAndAShell(t *testing.T) {
	t.Parallel()
	strace, err := exec.LookPath("strace")
	if err != nil {
		t.Skip("strace shows what is executed, and it is not installed: apt-get install strace")
	}
	all := reading(t)
	if len(all) < 30 {
		t.Fatalf("only %d targets that only read: %v", len(all), all)
	}
	for i, name := range []string{"commands", "runtimes"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, seen := newCheckout(t), map[string]bool{}
			c.plant(c.fill(hostile[name]))
			for _, words := range deal(all, turn{i, 2}, true) {
				for _, program := range c.traceExecuted(strace, words) {
					seen[filepath.Base(program)] = true
					if !isExpected(program) {
						t.Errorf("%v executed %s", words, program)
					}
				}
			}
			if !seen["git"] || !seen[filepath.Base(binary)] {
				t.Errorf("strace saw only %v", seen)
			}
		})
	}
}

// isExpected reports whether a program is FlowGate, the system's git with its own
// parts, or the shell that sets a limit of a process.
func isExpected(program string) bool {
	switch program {
	case binary, "/usr/bin/git", "/usr/local/bin/git", "/bin/git", "/bin/sh", "/usr/bin/sh":
		return true
	}
	return strings.HasPrefix(program, "/usr/lib/git-core/") || strings.HasPrefix(program, "/usr/libexec/git-core/")
}

// execution is a line of strace's output that does not say that it failed:
// `execve("/usr/bin/git", [...], ...) = 0`, or `... <unfinished ...>` when
// another process comes between.
var execution = regexp.MustCompile(`execve(?:at)?\((?:AT_FDCWD, |\d+, )?"((?:[^"\\]|\\.)*)"`)

// traceExecuted returns the programs that a command line executed, itself and its
// children's included.
func (c *checkout) traceExecuted(strace string, words []string) (programs []string) {
	c.t.Helper()
	log := filepath.Join(c.base, "strace")
	ctx, cancel := context.WithTimeout(c.t.Context(), time.Minute)
	defer cancel()
	// With --seccomp-bpf the kernel stops a thread at what is traced only, from its first such call on: Go's
	// threads begin with gettid. strace takes a fifth of the time.
	flags := []string{"-f", "--seccomp-bpf", "-qq", "-e", "trace=execve,execveat,gettid", "-e", "signal=none",
		"-s", "4096", "-o", log, "--"}
	cmd := exec.CommandContext(ctx, strace, append(append(flags, binary), words...)...)
	cmd.Dir, cmd.Env, cmd.Stdin = c.tree, c.environment(), strings.NewReader("")
	cmd.WaitDelay = 5 * time.Second
	c.output(cmd, false)
	text, err := os.ReadFile(log)
	if err != nil {
		c.t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if found := execution.FindStringSubmatch(line); found != nil && !strings.Contains(line, ") = -1 ") {
			programs = append(programs, found[1])
		}
	}
	if len(programs) == 0 {
		c.t.Skipf("strace may not watch processes here: %s", text)
	}
	return programs
}

// reading returns the command lines of the targets that docs/targets.md says only read.
func reading(t *testing.T) (all [][]string) {
	t.Helper()
	text, err := os.ReadFile("../../docs/targets.md")
	if err != nil {
		t.Fatal(err)
	}
	reads := map[string]string{}
	for line := range strings.Lines(string(text)) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		if usage, isTarget := strings.CutPrefix(strings.TrimSpace(cells[0]), "`mage "); isTarget && len(cells) == 3 {
			name, _, _ := strings.Cut(strings.TrimSuffix(usage, "`"), " ")
			reads[name] = strings.TrimSpace(cells[2])
		}
	}
	for _, words := range commands(t) {
		line := strings.Join(words, " ")
		if isServer(words) || strings.HasSuffix(line, " -keep") { // strace would wait for what does not end by itself
			continue
		}
		switch when := reads[words[0]]; {
		case when == "always",
			strings.HasPrefix(when, "without ") && !strings.Contains(line, strings.TrimPrefix(when, "without ")),
			strings.HasPrefix(when, "with ") && strings.Contains(line, strings.TrimPrefix(when, "with ")):
			all = append(all, words)
		}
	}
	return all
}
