package gotest

import (
	"io"
	"slices"
	"strings"
)

// Failure is a test that failed, or a package that failed without one.
type Failure struct {
	Package string `json:"package"`        // its import path
	Test    string `json:"test,omitempty"` // with the names of its parents; "" for the package itself
	Reason  string `json:"reason"`         // see failureReason
}

// String returns the failure for messages.
func (f Failure) String() string {
	text := f.Package
	if f.Test != "" {
		text += " " + f.Test
	}
	if f.Reason != "" {
		text += ": " + f.Reason
	}
	return text
}

// finish prints the result of a package whose tests have ended, or whose output is cut off.
func (s *Stream) finish(name string) error {
	r := s.packages[name]
	delete(s.packages, name)
	s.names = slices.DeleteFunc(s.names, func(n string) bool { return n == name })
	failed := r.failures(name)
	s.Failed = append(s.Failed, failed...)
	if s.Verbose {
		return nil
	}
	var names strings.Builder
	for _, f := range failed {
		if f.Test != "" {
			names.WriteString("FAILED: " + f.Package + " " + f.Test + "\n")
		}
	}
	_, err := io.WriteString(s.Out, names.String()+r.render())
	return err
}

// failures returns the tests that did not pass, without the parents of subtests that did not,
// or the package itself when it failed without such a test. name is the package.
func (r *packageRecord) failures(name string) (failed []Failure) {
	if r.test("").passed {
		return nil
	}
	for _, test := range r.names {
		isParent := slices.ContainsFunc(r.names,
			func(other string) bool { return strings.HasPrefix(other, test+"/") && !r.tests[other].passed })
		if test != "" && !r.tests[test].passed && !isParent {
			failed = append(failed, Failure{name, test, failureReason(r.tests[test].text.String())})
		}
	}
	switch {
	case failed != nil:
	case r.buildFailed:
		failed = []Failure{{Package: name, Reason: "it does not compile"}}
	default:
		failed = []Failure{{Package: name, Reason: failureReason(r.test("").text.String())}}
	}
	return failed
}

// failureReason returns why a test failed, by its output: the line with a panic or data race, else
// the lines that were logged with a file and a line, else the last one that is not a mere verdict.
// Nothing in the output tells an error from a log, and a log may come after the error, so all of
// these lines are named: when they are more than five, the first two and the last three.
func failureReason(text string) string {
	var logged []string
	var last string
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		file, _, _ := strings.Cut(line, ": ")
		switch {
		case strings.HasPrefix(line, "panic: ") || strings.HasPrefix(line, "WARNING: DATA RACE"):
			return cutLine(line)
		case line == "" || line == "PASS" || line == "FAIL" || strings.HasPrefix(line, "FAIL\t") ||
			strings.HasPrefix(line, "exit status"):
		case strings.Contains(file, ".go:") && !strings.ContainsAny(file, " \t"):
			logged = append(logged, cutLine(line))
		default:
			last = cutLine(line)
		}
	}
	if len(logged) == 0 {
		return last
	}
	if len(logged) > 5 {
		logged = slices.Concat(logged[:2], []string{"…"}, logged[len(logged)-3:])
	}
	return strings.Join(logged, "; ")
}

// cutLine returns at most 200 bytes of a line.
func cutLine(line string) string { return strings.ToValidUTF8(line[:min(len(line), 200)], "") }

// render returns what is printed of a package: its last line when it passed, else the output of
// each test that did not pass, then the package's own. Of a test that passed it has only a race
// or a crash, which go test adds to the output of whichever test runs then.
func (r *packageRecord) render() string {
	own := r.test("")
	text := own.text.String()
	if own.passed {
		return text[strings.LastIndex(strings.TrimSuffix(text, "\n"), "\n")+1:]
	}
	var b strings.Builder
	for _, name := range r.names {
		switch t := r.tests[name]; {
		case name == "":
		case !t.passed:
			b.WriteString(t.verdict + t.text.String())
		case t.crash > 0:
			b.WriteString("printed in " + name + ", which passed:\n" + t.text.String()[t.crash-1:])
		}
	}
	return b.String() + text
}
