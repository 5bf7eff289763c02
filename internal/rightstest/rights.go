// Package rightstest runs a test with other rights than the tests were started with:
// with the right to mount, or without those of root. It runs the test again, alone, in
// a process that has them, and reports the result of that process:
//
//	if !rightstest.Mount(t) {
//		return // it passed in a process of its own
//	}
//
// It skips the test only where the system does not grant these rights.
package rightstest

import (
	"bytes"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"
)

// variable tells the other process which rights it was given.
const variable = "FLOWGATE_TEST_RIGHTS"

// rerun runs the calling test again in a process that start starts.
func rerun(t *testing.T, given string, start func(*exec.Cmd) error) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	only := "^" + strings.ReplaceAll(regexp.QuoteMeta(t.Name()), "/", "$/^") + "$"
	args := []string{"-test.v", "-test.count=1", "-test.run=" + only}
	if end, ok := t.Deadline(); ok {
		args = append(args, "-test.timeout="+time.Until(end).String())
	}
	var out bytes.Buffer
	cmd := exec.CommandContext(t.Context(), self, args...) //nolint:gosec // the tests themselves
	cmd.Env = append(os.Environ(), variable+"="+given)
	cmd.Stdout, cmd.Stderr = &out, &out
	cmd.WaitDelay = 5 * time.Second
	if err := start(cmd); err != nil {
		t.Skipf("no process can get the right here (%s): %v", given, err)
	}
	err = cmd.Wait()
	switch text := out.String(); {
	case err == nil && strings.Contains(text, "--- SKIP: "+t.Name()): // also when only a part of it was skipped
		t.Skip(text)
	case err == nil && strings.Contains(text, "--- PASS: "+t.Name()+" ("):
		t.Logf("with other rights (%s):\n%s", given, text)
	default:
		t.Fatalf("with other rights (%s): %v\n%s", given, err, text)
	}
}

// IsRerun reports whether this process was started to run a test again. What both
// processes choose by counting, such as ports, has to begin at another number.
func IsRerun() bool { return os.Getenv(variable) != "" }
