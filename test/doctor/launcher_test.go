package doctor_test

import "testing"

// TestThePythonOfALauncherIsReadAndNotGuessed: old configurations start LiteLLM by
// a script of their own, and pip and uv write shell launchers into environments.
func TestThePythonOfALauncherIsReadAndNotGuessed(t *testing.T) {
	t.Parallel()
	judged := func(s *stack, want string) {
		t.Helper()
		e := s.doctor()
		for _, check := range []string{"litellm.python", "litellm.prisma"} {
			if found := e.find(check); found.Status != want {
				t.Errorf("%s: %s %s, want %s", check, found.Status, found.Detail, want)
			}
		}
	}
	for _, first := range []string{"#!/bin/sh", "#!/usr/bin/env bash"} {
		s := newStack(t)
		s.program("tools/litellm", first+"\nexec real-litellm \"$@\"\n")
		s.edit(settings, "    runtime: embedded", "    command: {args: ["+s.path("tools/litellm")+"]} #")
		judged(s, "skip")
	}
	s := newStack(t)
	withVenv(s)
	s.program(".venv/bin/litellm", "#!/bin/sh\n'''exec' \""+s.path(".venv/bin/python")+"\" \"$0\" \"$@\"\n' '''\n")
	judged(s, "pass")
}
