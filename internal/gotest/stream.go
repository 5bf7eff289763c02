// Package gotest reads the output of `go test -json`: it prints what go test prints
// without that flag, and keeps the tests that were skipped, each with its reason. Use a
// Stream as the stdout of the go command, then call Close.
//
// It runs nothing.
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
	Forbid    bool              // Close returns a fault when a test was skipped whose package is not in Elsewhere
	Elsewhere map[string]string // by package: the target that runs it without skips
	Skipped   []Skip            // skipped tests so far, in the order of time

	line     []byte // the beginning of the next line
	packages map[string]*record
	names    []string // of packages that are not done, in the order of time
}

// record is what a package printed.
type record struct {
	tests map[string]*printed
	names []string // of tests, "" for the package itself, in the order of time
}

// printed is what one test printed.
type printed struct {
	verdict string // its line with --- FAIL
	text    strings.Builder
	passed  bool
	direct  bool // it printed more than its log: a race, a crash, output of its own
}

// event is a line of the stream, see `go doc test2json` and `go help buildjson`.
type event struct{ Action, Package, Test, Output string }

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
	t := s.record(e.Package).printed(e.Test)
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

func (t *printed) add(output string) {
	for _, frame := range [...]string{"=== RUN ", "=== PAUSE ", "=== CONT ", "=== NAME ", "--- PASS: ", "--- SKIP: "} {
		if strings.HasPrefix(output, frame) {
			return
		}
	}
	if strings.HasPrefix(output, "--- FAIL: ") {
		t.verdict = output
		return
	}
	t.direct = t.direct || !strings.HasPrefix(output, "    ") && strings.TrimSpace(output) != ""
	t.text.WriteString(output)
}
