package checks_test

import (
	"strings"
	"testing"

	"github.com/samber/lo"

	"github.com/flowgate-go/flowgate/checks"
	"github.com/flowgate-go/flowgate/internal/fault"
)

func TestChecksAreChosenByGlobsWithWhatTheyNeed(t *testing.T) {
	t.Parallel()
	list := []checks.Check{
		{ID: "config.valid", Run: pass},
		{ID: "ports.available", Needs: []string{"config.valid"}, Run: pass},
		{ID: "ports.loopback", Needs: []string{"config.valid"}, After: []string{"ports.available"}, Run: pass},
		{ID: "services.ready", Needs: []string{"ports.available"}, Run: pass},
	}
	for name, c := range map[string]struct{ only, skip, want string }{
		"all":                          {"", "", "config.valid ports.available ports.loopback services.ready"},
		"one with what it needs":       {"services.ready", "", "config.valid ports.available services.ready"},
		"a group":                      {"ports.*", "", "config.valid ports.available ports.loopback"},
		"two globs":                    {"ports.l*, config.*", "", "config.valid ports.loopback"},
		"all but":                      {"", "ports.*", "config.valid services.ready"},
		"but a need":                   {"services.*", "config.*", "ports.available services.ready"},
		"no needs of what is left out": {"services.ready,ports.loopback", "services.*", "config.valid ports.loopback"},
	} {
		got, err := checks.Select(list, c.only, c.skip)
		ids := strings.Join(lo.Map(got, func(c checks.Check, _ int) string { return c.ID }), " ")
		if err != nil || ids != c.want {
			t.Errorf("%s: %s (%v)", name, ids, err)
			continue
		}
		checks.Run(t.Context(), got, checks.Options{}) // panics when a need is left that is not there
	}
	if list[3].Needs[0] != "ports.available" {
		t.Error("the list itself was changed")
	}
}

func TestAGlobThatMatchesNothingIsAMistake(t *testing.T) {
	t.Parallel()
	list := []checks.Check{{ID: "ports.available"}}
	for glob, says := range map[string]string{"port.*": "ports.*", "ports.availabel": `did you mean "ports.available"?`,
		"[": "not a glob", "ports.*,": "ports"} {
		_, err := checks.Select(list, glob, "")
		f := fault.From(err)
		if f == nil || f.Code != "check-unknown" || f.Exit != fault.ExitUsage ||
			!strings.Contains(f.Message+" "+f.Hint, says) {
			t.Errorf("%q: %+v", glob, f)
		}
	}
}
