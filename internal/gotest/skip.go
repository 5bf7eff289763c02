package gotest

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/flowgate-go/flowgate/internal/fault"
)

// Skip is a test that was skipped.
type Skip struct {
	Package string `json:"package"`          // its import path
	Test    string `json:"test"`             // with the names of its parents
	Reason  string `json:"reason"`           // everything that it logged, with file and line
	Target  string `json:"target,omitempty"` // what runs it: "test:litellm"; "" for none
}

// String returns the skip for messages.
func (s Skip) String() string {
	text := s.Package + " " + s.Test + ": " + cmp.Or(s.Reason, "it gives no reason")
	if s.Target != "" {
		text += " (mage " + s.Target + " runs it)"
	}
	return text
}

// Close prints the packages that are left, every skipped test and the number of them, and at
// the very end every failed test. It returns the fault tests-failed when a test failed, and with
// Forbid the fault tests-skipped when no other target runs a test that was skipped.
func (s *Stream) Close() error {
	if len(s.line) > 0 {
		if err := s.readLine(s.line); err != nil {
			return err
		}
		s.line = nil
	}
	for len(s.names) > 0 {
		if err := s.finish(s.names[0]); err != nil {
			return err
		}
	}
	var forbidden []string
	for _, skip := range s.Skipped {
		if _, err := fmt.Fprintf(s.Out, "SKIPPED: %s\n", skip); err != nil {
			return err
		}
		if skip.Target == "" {
			forbidden = append(forbidden, skip.String())
		}
	}
	if _, err := fmt.Fprintf(s.Out, "skipped tests: %d\n", len(s.Skipped)); err != nil {
		return err
	}
	if len(s.Failed) > 0 {
		return s.reportFailed()
	}
	if !s.Forbid || len(forbidden) == 0 {
		return nil
	}
	return fault.New("tests-skipped", "skipped, which is forbidden here: %s", strings.Join(forbidden, "; ")).
		WithHint("give the test what it says it lacks; go may remember the skip: go clean -testcache")
}

// reportFailed prints the failed tests and returns the fault tests-failed, which names the first
// maxNamed of them.
func (s *Stream) reportFailed() error {
	for _, f := range s.Failed {
		if _, err := fmt.Fprintf(s.Out, "FAILED: %s\n", f); err != nil {
			return err
		}
	}
	if _, err := fmt.Fprintf(s.Out, "failed tests: %d\n", len(s.Failed)); err != nil {
		return err
	}
	const maxNamed = 5
	var names []string
	for _, f := range s.Failed[:min(len(s.Failed), maxNamed)] {
		names = append(names, f.String())
	}
	if more := len(s.Failed) - maxNamed; more > 0 {
		names = append(names, fmt.Sprintf("and %d more", more))
	}
	first := s.Failed[0]
	command := cmp.Or(s.Command, "go test") + " " + first.Package
	if first.Test != "" {
		name, _, _ := strings.Cut(first.Test, "/")
		command += " -run='^" + name + "$'"
	}
	return fault.New("tests-failed", "%d failed: %s", len(s.Failed), strings.Join(names, "; ")).
		WithHint("alone: %s; all of their output is above, and data names every one", command)
}

// joinLines returns text on one line, with single spaces in place of white space.
func joinLines(text string) string { return strings.Join(strings.Fields(text), " ") }
