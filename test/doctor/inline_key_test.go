package doctor_test

import (
	"strings"
	"testing"
)

func TestAKeyInAConfigurationThatOthersCanReadIsFound(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	startStack(s)
	s.shell("chmod 644 " + settings)
	if found := s.doctor().find("keys.private"); found.Status != "pass" {
		t.Errorf("without a key in it: %s %s", found.Status, found.Detail)
	}
	s.edit(settings, "    depends_on:", "    env: {ANY: a1b2c3d4e5f6a7b8c9d0}\n    depends_on:")
	found := s.doctor().find("keys.private")
	if found.Status != "fail" && found.Status != "warn" ||
		!strings.Contains(found.Fix.Command, "chmod go-rwx config/flowgate.yaml") {
		t.Fatalf("%s %s, fix %+v", found.Status, found.Detail, found.Fix)
	}
	s.shell(found.Fix.Command)
	if found := s.doctor().find("keys.private"); found.Status != "pass" {
		t.Errorf("after the fix: %s %s", found.Status, found.Detail)
	}
}
