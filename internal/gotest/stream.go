// Package gotest reads the output of `go test -json`: it prints of each package what did
// not pass, each test with its own output only, and keeps the tests that failed and those
// that were skipped, with their reasons. Use a Stream as the stdout of the go command, then
// call Close, which names the failed tests once more.
//
// It runs nothing. gotestsum shows failures and skips as well, but it does not tell its
// caller which tests those were: the report of `mage test` lists them, and a skip that no
// other target makes up for is a failure of its own.
package gotest

import (
	"bytes"
	"encoding/json"
	"io"
	"strings"
)

// Stream is the reader of one run of go test. Only Out has to be set.
type Stream struct {
	Out       io.Writer         // for the user
	Verbose   bool              // print everything at once, as with -v
	Command   string            // that runs the tests of one package; default "go test"
	Forbid    bool              // Close returns a fault when a test was skipped whose package is not in Elsewhere
	Elsewhere map[string]string // by package: the target that runs it without skips
	Skipped   []Skip            // skipped tests so far, in the order of time
	Failed    []Failure         // failed tests of the packages that are done, in the order of time

	line     []byte // the beginning of the next line
	packages map[string]*record
	names    []string // of packages that are not done, in the order of time
}

// record is what a package printed.
type record struct {
	tests   map[string]*printed
	names   []string // of tests, "" for the package itself, in the order of time
	unbuilt bool
}

// printed is what one test printed.
type printed struct {
	verdict string // its line with --- FAIL
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
		if err := s.take(append(line[:len(line):len(line)], '\n')); err != nil {
			return 0, err
		}
	}
}

func (s *Stream) take(line []byte) error {
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
	r.unbuilt = r.unbuilt || e.FailedBuild != ""
	t := r.printed(e.Test)
	switch e.Action {
	case "output":
		t.add(e.Output)
	case "fail": // with -count a test may pass before
		t.passed = false
	case "skip", "pass":
		t.passed = true
		if e.Action == "skip" && e.Test != "" { // a package without tests is skipped too
			s.Skipped = append(s.Skipped, Skip{e.Package, e.Test, oneLine(t.text.String()), s.Elsewhere[e.Package]})
		}
	}
	if e.Test == "" && (e.Action == "pass" || e.Action == "skip" || e.Action == "fail") {
		return s.finish(e.Package)
	}
	return nil
}

func (s *Stream) record(name string) *record {
	if s.packages == nil {
		s.packages = map[string]*record{}
	}
	if s.packages[name] == nil {
		s.packages[name] = &record{tests: map[string]*printed{}}
		s.names = append(s.names, name)
	}
	return s.packages[name]
}

func (r *record) printed(test string) *printed {
	if r.tests[test] == nil {
		r.tests[test] = &printed{}
		r.names = append(r.names, test)
	}
	return r.tests[test]
}

// crashes is how the text of a race or of a crash begins. It is printed wherever the
// program is, so it may stand in the output of a test that passed.
var crashes = [...]string{"==================\n", "WARNING: DATA RACE", "panic: ", "fatal error: ",
	"unexpected fault address", "runtime: ", "SIG"}

func (t *printed) add(output string) {
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
		for _, crash := range crashes {
			if t.crash == 0 && strings.HasPrefix(output, crash) {
				t.crash = t.text.Len() + 1
			}
		}
	}
	t.text.WriteString(output)
}
