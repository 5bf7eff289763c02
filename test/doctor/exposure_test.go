package doctor_test

import (
	"encoding/json"
	"strings"
	"testing"
)

// TestWhatAnOpenServiceAnswersIsNamed probes a stack whose services make every
// mistake that the exposure checks look for, and the same stack as it should be.
func TestWhatAnOpenServiceAnswersIsNamed(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	withUpstream(s)
	s.mage("stop")
	const only = "-only=exposure.keys,exposure.headers,exposure.origin,exposure.paths,exposure.management"
	probe := func() examination {
		t.Helper()
		s.mage("restart")
		var e examination
		if out, _ := s.runMage("security-check", "-probe", only); json.Unmarshal(out, &e) != nil {
			t.Fatalf("%s", out)
		}
		return e
	}
	if e := probe(); len(e.complaints()) > 0 {
		t.Fatalf("as it should be: %v", e.complaints())
	}
	s.edit(settings, `"cliproxyapi-double"`, `"cliproxyapi-double", "-open"`)
	e := probe()
	for id, says := range map[string]string{
		"exposure.keys": "no key: 200", "exposure.headers": "X-Forwarded-For", "exposure.origin": "foreign page",
		"exposure.paths": "another spelling", "exposure.management": "/v0/management/config",
	} {
		if f := e.find(id); f.Status != "fail" || !strings.Contains(string(f.Detail), says) || f.Fix.Text == "" {
			t.Errorf("%s is %s: %s", id, f.Status, f.Detail)
		}
	}
}

// TestAServiceThatAllowsEveryOriginPassesWhileItWantsAKey: the real CLIProxyAPI
// allows every origin and has no setting for it.
func TestAServiceThatAllowsEveryOriginPassesWhileItWantsAKey(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	withUpstream(s)
	probe := func() finding {
		t.Helper()
		s.mage("restart")
		var e examination
		if out, _ := s.runMage("security-check", "-probe", "-only=exposure.origin"); json.Unmarshal(out, &e) != nil {
			t.Fatalf("%s", out)
		}
		return e.find("exposure.origin")
	}
	s.edit(settings, `"cliproxyapi-double"`, `"cliproxyapi-double", "-any-origin"`)
	if f := probe(); f.Status != "pass" || !strings.Contains(string(f.Detail),
		"cliproxyapi_plus lets pages of every origin") {
		t.Errorf("with a key it is %s: %s", f.Status, f.Detail)
	}
	s.write("config/cliproxyapi.yaml", strings.Replace(s.read("config/cliproxyapi.yaml"), "api-keys:",
		"api-keys: [\"\"]\nold-keys:", 1))
	if f := probe(); f.Status != "warn" || !strings.Contains(string(f.Detail), "cliproxyapi_plus lets") ||
		!strings.Contains(f.Fix.Text, "api-keys") {
		t.Errorf("without one it is %s: %s, fix %+v", f.Status, f.Detail, f.Fix)
	}
}
