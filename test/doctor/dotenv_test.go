package doctor_test

import (
	"strings"
	"testing"
)

// TestAnEnvFileAboveLiteLLMsPackageIsFoundWhereItWouldBeLoaded: python-dotenv
// looks upwards from the package, whatever the working folder is.
func TestAnEnvFileAboveLiteLLMsPackageIsFoundWhereItWouldBeLoaded(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	withVenv(s)
	s.write(".env", "OPENAI_API_KEY=x\n")
	if found := s.doctor().find("services.dotenv"); found.Status != "pass" {
		t.Errorf("FlowGate switches it off with runtime: litellm, and yet: %s %s", found.Status, found.Detail)
	}
	s.edit(settings, "    runtime: litellm", "    env: {LITELLM_MODE: DEV}\n    runtime: litellm")
	found := s.doctor().find("services.dotenv")
	if found.Status != "warn" || !strings.Contains(string(found.Detail), s.path(".env")) ||
		!strings.Contains(found.Fix.Text, "LITELLM_MODE") {
		t.Errorf("%s %s, fix %+v", found.Status, found.Detail, found.Fix)
	}
}
