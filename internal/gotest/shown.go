package gotest

import (
	"io"
	"slices"
	"strings"
)

// Failure is a test that failed, or a package that failed without one.
type Failure struct {
	Package string `json:"package"`        // its import path
	Test    string `json:"test,omitempty"` // with the names of its parents; empty: the package itself
	Reason  string `json:"reason"`         // the last line that it logged: file, line and message
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

// finish prints a package that is done, or that the stream ended in.
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
	_, err := io.WriteString(s.Out, names.String()+r.shown())
	return err
}

// failures returns the tests that did not pass and have no subtest that did not,
// or the package itself if there are none.
func (r *record) failures(name string) (failed []Failure) {
	if r.printed("").passed {
		return nil
	}
	for _, test := range r.names {
		isParent := slices.ContainsFunc(r.names,
			func(other string) bool { return strings.HasPrefix(other, test+"/") && !r.tests[other].passed })
		if test != "" && !r.tests[test].passed && !isParent {
			failed = append(failed, Failure{name, test, reason(r.tests[test].text.String())})
		}
	}
	switch {
	case failed != nil:
	case r.unbuilt:
		failed = []Failure{{Package: name, Reason: "it does not compile"}}
	default:
		failed = []Failure{{Package: name, Reason: reason(r.printed("").text.String())}}
	}
	return failed
}

// reason returns the last line that a test logged with its file and line, else the last
// line that says something; at most 200 bytes of it.
func reason(text string) (last string) {
	isLogged := false
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		file, _, _ := strings.Cut(line, ": ")
		switch logged := strings.Contains(file, ".go:") && !strings.ContainsAny(file, " \t"); {
		case strings.HasPrefix(line, "panic: ") || strings.HasPrefix(line, "WARNING: DATA RACE"):
			return strings.ToValidUTF8(line[:min(len(line), 200)], "")
		case line == "" || line == "PASS" || line == "FAIL" || strings.HasPrefix(line, "FAIL\t") ||
			strings.HasPrefix(line, "exit status"):
		case logged || !isLogged:
			last, isLogged = line, isLogged || logged
		}
	}
	return strings.ToValidUTF8(last[:min(len(last), 200)], "")
}

// shown is what is printed of a package: one line when it passed, else also all of what
// did not pass, test by test. Of a passing test only a race or a crash is shown, since
// these are printed wherever they happen.
func (r *record) shown() string {
	own := r.printed("")
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
