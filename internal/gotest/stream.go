// Package gotest reads the output of `go test -json`: it prints what did not pass in each
// package, each test with its own output only, and keeps the tests that failed and the tests
// that were skipped, with their reasons. Use a Stream as the stdout of the go command, then
// call Close, which names the failed tests once more.
//
// It runs nothing. gotestsum shows failures and skips as well, but it does not tell its
// caller which tests these were: the report of `mage test` lists them, and a skipped test that
// no other target runs can be a failure of its own.
package gotest

import (
	"bytes"
	"encoding/json"
	"io"
	"strings"
)

// Stream is a writer that reads the output of one run of `go test -json`. Only Out has to be set.
type Stream struct {
	Out       io.Writer         // for the user
	Verbose   bool              // print all output as it comes, as with -v
	Command   string            // what runs the tests of a package, for the hint; "" means "go test"
	Forbid    bool              // Close returns a fault when a test was skipped whose package is not in Elsewhere
	Elsewhere map[string]string // by import path of a package: the target that runs it without skips
	Skipped   []Skip            // skipped tests so far, in the order of time
	Failed    []Failure         // failed tests of the packages that are done, in the order of time

	line     []byte // the beginning of the next line
	packages map[string]*packageRecord
	names    []string // of packages that are not done, in the order of time
}

// packageRecord is the output of one package so far.
type packageRecord struct {
	tests       map[string]*testOutput
	names       []string // of tests, "" for the package itself, in the order of time
	buildFailed bool
}

// testOutput is the output of one test so far.
type testOutput struct {
	verdict string // its line that begins with --- FAIL
	text    strings.Builder
	passed  bool
	midLine bool // the last output did not end its line: test2json cuts lines over 4 kB into several outputs
	crash   int  // where in text a race or a crash of the program begins, plus one; 0: nowhere
}

// event is a line of the stream, see `go doc test2json` and `go help buildjson`.
type event struct{ Action, Package, Test, Output, FailedBuild string }

// Write reads the next part of the stream. It fails when Out does.
func (s *Stream) Write(p []byte) (int, error) {
	s.line = append(s.line, p...)
	for {
		line, rest, whole := bytes.Cut(s.line, []byte("\n"))
		if !whole {
			return len(p), nil
		}
		s.line = rest
		if err := s.readLine(append(line[:len(line):len(line)], '\n')); err != nil {
			return 0, err
		}
	}
}

// readLine reads one line of the stream, which is an event or output of the go command itself.
func (s *Stream) readLine(line []byte) error {
	var e event
	if err := json.Unmarshal(line, &e); err != nil || e.Action == "" {
		_, err := s.Out.Write(line) // not an event: output of the go command itself
		return err
	}
	if e.Package == "" || s.Verbose {
		if _, err := io.WriteString(s.Out, e.Output); err != nil {
			return err
		}
	}
	if e.Package == "" { // output of a compiler
		return nil
	}
	r := s.record(e.Package)
	r.buildFailed = r.buildFailed || e.FailedBuild != ""
	t := r.test(e.Test)
	switch e.Action {
	case "output":
		t.add(e.Output)
	case "fail": // with -count a test may pass before
		t.passed = false
	case "skip", "pass":
		t.passed = true
		if e.Action == "skip" && e.Test != "" { // a package without tests is skipped too
			s.Skipped = append(s.Skipped, Skip{e.Package, e.Test, joinLines(t.text.String()), s.Elsewhere[e.Package]})
		}
	}
	if e.Test == "" && (e.Action == "pass" || e.Action == "skip" || e.Action == "fail") {
		return s.finish(e.Package)
	}
	return nil
}

// record returns the record of a package, which it adds if it is new.
func (s *Stream) record(name string) *packageRecord {
	if s.packages == nil {
		s.packages = map[string]*packageRecord{}
	}
	if s.packages[name] == nil {
		s.packages[name] = &packageRecord{tests: map[string]*testOutput{}}
		s.names = append(s.names, name)
	}
	return s.packages[name]
}

// test returns the output of a test, which it adds if it is new; "" is the package itself.
func (r *packageRecord) test(name string) *testOutput {
	if r.tests[name] == nil {
		r.tests[name] = &testOutput{}
		r.names = append(r.names, name)
	}
	return r.tests[name]
}

// crashPrefixes are the beginnings of the text of a race or a crash. It is printed when it
// happens, so it may be in the output of a test that passed.
var crashPrefixes = [...]string{"==================\n", "WARNING: DATA RACE", "panic: ", "fatal error: ",
	"unexpected fault address", "runtime: ", "SIG"}

// add adds output, which is a line or a part of one, without the frame that go test prints around
// each test.
func (t *testOutput) add(output string) {
	begins := !t.midLine
	t.midLine = !strings.HasSuffix(output, "\n")
	if begins {
		for _, frame := range [...]string{"=== RUN ", "=== PAUSE ", "=== CONT ", "=== NAME ", "--- PASS: ", "--- SKIP: "} {
			if strings.HasPrefix(output, frame) {
				return
			}
		}
		if strings.HasPrefix(output, "--- FAIL: ") {
			t.verdict = output
			return
		}
		for _, crash := range crashPrefixes {
			if t.crash == 0 && strings.HasPrefix(output, crash) {
				t.crash = t.text.Len() + 1
			}
		}
	}
	t.text.WriteString(output)
}
