package gotest

import (
	"io"
	"slices"
	"strings"
)

// finish prints a package that is done, or that the stream ended in.
func (s *Stream) finish(name string) error {
	r := s.packages[name]
	delete(s.packages, name)
	s.names = slices.DeleteFunc(s.names, func(n string) bool { return n == name })
	if s.Verbose {
		return nil
	}
	_, err := io.WriteString(s.Out, r.shown())
	return err
}

// shown is what go test prints of a package: one line when it passed, else also
// all of what did not pass, test by test. What a passing test printed itself
// is shown beside it, since a race and a crash are printed wherever they happen.
func (r *record) shown() string {
	own := r.printed("")
	text := own.text.String()
	if own.passed {
		return text[strings.LastIndex(strings.TrimSuffix(text, "\n"), "\n")+1:]
	}
	var b strings.Builder
	for _, name := range r.names {
		if t := r.tests[name]; name != "" && (!t.passed || t.direct) {
			b.WriteString(t.verdict + t.text.String())
		}
	}
	return b.String() + text
}
