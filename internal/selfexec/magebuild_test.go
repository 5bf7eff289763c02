package selfexec_test

import (
	"strings"
	"testing"

	"github.com/flowgate-go/flowgate/internal/selfexec"
)

func TestProgramsThatMageOrGoCompiledForOneUseAreKnown(t *testing.T) {
	t.Setenv("MAGEFILE_CACHE", "/ci/mage/")
	hash := "ab" + strings.Repeat("12", 31)
	for path, want := range map[string]bool{
		"/home/ada/.magefile/74c2843":                        true,
		"/ci/mage/74c2843":                                   true,
		"/ci/mages/74c2843":                                  false,
		"/tmp/go-build3402/b001/exe/flowgate":                true,
		"/home/ada/.cache/go-build/ab/" + hash + "-d/mage":   true,
		"/ci/cache/ab/" + hash + "-d/flowgate":               true,
		"/ci/cache/ba/" + hash + "-d/flowgate":               false, // not its folder
		"/ci/cache/ab/" + hash + "/flowgate":                 false,
		"/ci/cache/ab/" + hash[:62] + "-d/flowgate":          false,
		"/ci/cache/ab/" + "xy" + hash[2:] + "-d/flowgate":    false,
		"/ci/cache/ab/ab" + strings.Repeat("no", 31) + "-d/": false,
		"-d/flowgate":             false,
		"/usr/local/bin/flowgate": false,
		"flowgate":                false,
	} {
		if got := selfexec.IsMageBuild(path); got != want {
			t.Errorf("%s: %v", path, got)
		}
	}
}
