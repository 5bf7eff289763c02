// Package script_test drives the compiled binary as people do: every target,
// good and bad, by the scripts in testdata. Each report that a script makes the
// binary print is validated against the schema in docs/.
package script_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/flowgate-go/flowgate/internal/rightstest"
	"github.com/flowgate-go/flowgate/internal/safefile"
	"github.com/flowgate-go/flowgate/internal/subprocess"
	"github.com/flowgate-go/flowgate/internal/tcp/tcptest"
	"github.com/flowgate-go/flowgate/internal/trust/trusttest"
	"github.com/flowgate-go/flowgate/supervisor/ledger"
)

// root is the source tree that the binary is built from.
const root = "../.."

// compiled names the program to processes of package rights.
const compiled = "FLOWGATE_TEST_COMPILED"

var (
	binary   string             // the compiled program
	scratch  string             // a folder that is removed after the tests
	reportIs *jsonschema.Schema // docs/report.schema.json
)

func TestMain(m *testing.M) { os.Exit(inMain(m)) }

func inMain(m *testing.M) int {
	dir, err := os.MkdirTemp("", "flowgate-script-")
	if err != nil {
		panic(err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	scratch = dir
	if binary = os.Getenv(compiled); binary == "" { // else the first process has it
		if binary, err = subprocess.CompileFlowGate(context.Background(), root, dir); err != nil {
			panic(err)
		}
		_ = os.Setenv(compiled, binary)
	}
	reportIs = jsonschema.NewCompiler().MustCompile(filepath.Join(root, "docs", "report.schema.json"))
	status := trusttest.Run(m)
	if left := findProcesses(binary); len(left) > 0 && !rightstest.IsRerun() { // the first process comes to its end last
		fmt.Fprintf(os.Stderr, "the tests left processes running:\n%s", strings.Join(left, ""))
		return 1
	}
	return status
}

// findProcesses lists the processes, as ps(1) does, with pattern in their command
// line that do not end within 5 s.
func findProcesses(pattern string) (found []string) {
	for deadline := time.Now().Add(5 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		out, _ := exec.Command("ps", "-eo", "pid,args").Output()
		found = nil
		for line := range strings.Lines(string(out)) {
			if strings.Contains(line, pattern) {
				found = append(found, line)
			}
		}
		if len(found) == 0 || time.Now().After(deadline) {
			return found
		}
	}
}

func TestScripts(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup:               setup,
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"flowgate": func(ts *testscript.TestScript, neg bool, args []string) { flowgate(ts, neg, 0, args) },
			"code":     wantExit,
			"gone":     wantGone,
			"mode":     wantMode,
			"secret":   wantNoSecret,
			"occupy":   occupy,
		},
	})
}

// setup gives every script ports and a HOME of its own, and stops what it left running.
func setup(env *testscript.Env) error {
	for _, name := range []string{"PORT", "UPSTREAM", "EXTRA", "OTHER"} {
		port, err := tcptest.FindFreePort()
		if err != nil {
			return err
		}
		env.Setenv(name, strconv.Itoa(port))
	}
	env.Setenv("HOME", env.WorkDir)
	env.Setenv("XDG_STATE_HOME", filepath.Join(env.WorkDir, "state"))
	env.Setenv("FLOWGATE", binary)
	env.Setenv("TMPDIR", filepath.Join(env.WorkDir, "tmp"))
	env.Defer(func() { stopAll(env.WorkDir) })
	return os.MkdirAll(filepath.Join(env.WorkDir, "tmp"), 0o700)
}

// stopAll ends every supervisor below dir with its services: those that a
// script left running, wherever its stack was and whatever became of its
// configuration.
func stopAll(dir string) {
	_ = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.Name() != "supervisor.json" {
			return nil // what cannot be looked at holds no stack of ours
		}
		l := readUnverified(path)
		_ = l.Supervisor.Signal(syscall.SIGKILL) // first: it would start its services again
		for _, e := range l.Services {
			_ = e.Process.SignalGroup(syscall.SIGKILL)
		}
		return nil
	})
}

// readUnverified decodes a ledger without its signature: the key that signed it
// is the script's, and the folder is the test's own. Scripts also leave torn
// ones and pipes: neither is of a supervisor.
func readUnverified(path string) (l ledger.Ledger) {
	if raw, err := safefile.Read(path, 16<<20); err == nil {
		_ = json.Unmarshal(raw, &l)
	}
	return l
}

// freePorts are the flags of init that name two of them.
func freePorts(t *testing.T) string {
	t.Helper()
	return fmt.Sprintf("-port=%d -upstream-port=%d", tcptest.FreePort(t), tcptest.FreePort(t))
}

// wantExit implements the command "code N ARGS…": it runs the binary and expects exit status N.
func wantExit(ts *testscript.TestScript, neg bool, args []string) {
	want, err := strconv.Atoi(args[0])
	if neg || err != nil {
		ts.Fatalf("usage: code N ARG…")
	}
	flowgate(ts, false, want, args[1:])
}

// flowgate ARGS… runs the binary, expects exit status 0 (with ! any other) and
// validates what it printed.
func flowgate(ts *testscript.TestScript, neg bool, want int, args []string) {
	err := ts.Exec(binary, args...)
	status := 0
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		status = exit.ExitCode()
	} else if err != nil {
		ts.Fatalf("run: %v", err)
	}
	if neg && status == 0 || !neg && status != want {
		ts.Fatalf("exit status %d", status)
	}
	out, diagnostics := ts.ReadFile("stdout"), ts.ReadFile("stderr")
	if strings.Contains(diagnostics, "goroutine ") || strings.Contains(out, "goroutine ") {
		ts.Fatalf("a stack trace was printed")
	}
	if ts.Getenv("FLOWGATE_FORMAT") == "" {
		ts.Check(validate(out, status, args))
	}
}

// validate checks that stdout is one report; output that is none by intent is let through.
func validate(out string, status int, args []string) error {
	for _, a := range args {
		name, value, _ := strings.Cut(strings.TrimLeft(a, "-"), "=")
		switch {
		case name == "jq" || name == "filter" || name == "l" || name == "follow":
			return nil
		case name == "format" && value != "json" && value != "jsonl" && status != 2:
			return nil
		}
	}
	documents := strings.Split(strings.TrimSpace(out), "\n")
	for i, line := range documents {
		v, err := jsonschema.UnmarshalJSON(strings.NewReader(line))
		if err != nil {
			return fmt.Errorf("stdout line %d is no JSON: %w: %s", i+1, err, line)
		}
		if m, ok := v.(map[string]any); ok && m["schema"] == nil && m["id"] != nil && i < len(documents)-1 {
			continue // a streamed check
		}
		if err := reportIs.Validate(v); err != nil {
			return fmt.Errorf("not a report: %w: %s", err, line)
		}
	}
	var last struct{ OK bool }
	if err := json.Unmarshal([]byte(documents[len(documents)-1]), &last); err != nil {
		return err
	}
	if last.OK != (status == 0) {
		return fmt.Errorf("ok is %v and the exit status %d", last.OK, status)
	}
	return nil
}

// wantGone implements the command "gone PATTERN", which expects that no process has the pattern in its command line.
func wantGone(ts *testscript.TestScript, neg bool, args []string) {
	if found := findProcesses(args[0]); neg != (len(found) > 0) {
		ts.Fatalf("processes with %s: %v", args[0], found)
	}
}

// wantMode implements the command "mode WANT FILE…", which expects permissions.
func wantMode(ts *testscript.TestScript, _ bool, args []string) {
	for _, name := range args[1:] {
		info, err := os.Stat(ts.MkAbs(name))
		ts.Check(err)
		if got := fmt.Sprintf("%#o", info.Mode().Perm()); got != args[0] {
			ts.Fatalf("%s has mode %s", name, got)
		}
	}
}

// wantNoSecret implements the command "secret FILE DIR", which expects that the content of
// FILE is in no other file of DIR that is a log, and not in the last command's output.
func wantNoSecret(ts *testscript.TestScript, _ bool, args []string) {
	key := strings.TrimSpace(ts.ReadFile(args[0]))
	for _, name := range []string{"stdout", "stderr"} {
		if strings.Contains(ts.ReadFile(name), key) {
			ts.Fatalf("%s holds the key of %s", name, args[0])
		}
	}
	ts.Check(filepath.WalkDir(ts.MkAbs(args[1]), func(path string, d os.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".log" {
			return err
		}
		b, err := os.ReadFile(path)
		if bytes.Contains(b, []byte(key)) {
			return fmt.Errorf("%s holds the key of %s", path, args[0])
		}
		return err
	}))
}

// occupy PORT listens on a port until the script ends, and answers every
// request with 200 as a stranger would.
func occupy(ts *testscript.TestScript, _ bool, args []string) {
	l, err := net.Listen("tcp", "127.0.0.1:"+args[0])
	ts.Check(err)
	ts.Defer(func() { _ = l.Close() })
	go func() { // ends with the listener
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = c.Write([]byte("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"))
			_ = c.Close()
		}
	}()
}
