package doctor_test

import (
	"strings"
	"testing"
)

// TestAServiceThatWasNeverExecutedIsStartedAgain: its log is empty, so the fix is not to read it.
func TestAServiceThatWasNeverExecutedIsStartedAgain(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	s.edit(settings, "    runtime: embedded", "    readiness_path: /health/readiness\n    command: {args: ["+
		s.path("tools/router")+"]} #")
	if out, err := s.runMage("start"); err == nil || !strings.Contains(string(out), "runtime-missing") {
		t.Fatalf("%v: %s", err, out)
	}
	s.program("tools/router", "#!/bin/sh\nexit 3\n")
	for _, id := range []string{"processes.crashing", "services.live"} {
		f := s.doctor().find(id)
		if f.Status != "fail" || f.Fix.Command != "mage start litellm" {
			t.Errorf("%s is %s: %s, fix %+v", id, f.Status, f.Detail, f.Fix)
		}
	}
	if _, err := s.runMage("start"); err == nil {
		t.Fatal("a router that ends at once was started")
	}
	for _, id := range []string{"processes.crashing", "services.live"} { // executed by now: its log may say why
		if f := s.doctor().find(id); f.Status != "fail" || f.Fix.Command != "mage logs litellm" {
			t.Errorf("executed: %s is %s: %s, fix %+v", id, f.Status, f.Detail, f.Fix)
		}
	}
}

// TestALiteLLMWithoutAHostGetsOne: services.litellm.host is 127.0.0.1 already.
func TestALiteLLMWithoutAHostGetsOne(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	withRouter(s)
	s.edit(settings, `"litellm-double", `, `"litellm-double", "-host=0.0.0.0", `)
	s.mage("restart")
	f := s.doctor().find("ports.loopback")
	if f.Status != "warn" || !strings.Contains(f.Fix.Text, `"--host", "127.0.0.1" to services.litellm.command.args`) {
		t.Errorf("ports.loopback is %s: %s, fix %+v", f.Status, f.Detail, f.Fix)
	}
}
