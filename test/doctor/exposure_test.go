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
		if out, _ := s.try("security-check", "-probe", only); json.Unmarshal(out, &e) != nil {
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
		if f := e.of(id); f.Status != "fail" || !strings.Contains(string(f.Detail), says) || f.Fix.Text == "" {
			t.Errorf("%s is %s: %s", id, f.Status, f.Detail)
		}
	}
}
