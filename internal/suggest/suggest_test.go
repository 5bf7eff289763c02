package suggest_test

import (
	"testing"

	"github.com/flowgate-go/flowgate/internal/suggest"
)

func TestNearestFindsSlipsAndLeavesStrangersAlone(t *testing.T) {
	t.Parallel()
	profiles := []string{"balanced", "cost", "reliability"}
	for name, want := range map[string]string{
		"balancd": "balanced", "Cost": "cost", "reliabilty": "reliability", "rel": "reliability",
		"speed-first": "", "x": "", "": "",
	} {
		if got := suggest.Nearest(name, profiles); got != want {
			t.Errorf("%q: got %q, want %q", name, got, want)
		}
	}
}

func TestHintNamesTheNearestOrIsEmpty(t *testing.T) {
	t.Parallel()
	known := []string{"always", "on-failure", "never"}
	if got := suggest.Hint("on_failure", known); got != `did you mean "on-failure"?` {
		t.Errorf("got %q", got)
	}
	if got := suggest.Hint("sometimes", known); got != "" {
		t.Errorf("got %q for a name that is near to none", got)
	}
}

func TestAHintStandsBeforeOrAfterATextOrNotAtAll(t *testing.T) {
	t.Parallel()
	known := []string{"always", "never"}
	for got, want := range map[string]string{
		suggest.HintBefore("there are two", "alwys", known):     `did you mean "always"? there are two`,
		suggest.HintBefore("there are two", "sometimes", known): "there are two",
		suggest.HintAfter("alwys is unknown", "alwys", known):   `alwys is unknown (did you mean "always"?)`,
		suggest.HintAfter("it is unknown", "sometimes", known):  "it is unknown",
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
