package smoke_test

import (
	"strings"
	"testing"

	"github.com/flowgate-go/flowgate/checks/smoke"
)

func TestPeopleReadTheEndOfALog(t *testing.T) {
	t.Parallel()
	lines := []string{"1", "2", "3", strings.Repeat("é", 4000), "last"}
	whole := smoke.Target{Logs: map[string][]string{"litellm": lines}}
	brief := whole.Brief().(smoke.Target).Logs["litellm"]
	if len(brief) != 3 || brief[0] != "3" || brief[2] != "last" || len(brief[1]) > 210 ||
		!strings.HasSuffix(brief[1], "é…") {
		t.Errorf("%q", brief)
	}
	if len(whole.Logs["litellm"]) != 5 {
		t.Error("the report of programs was cut")
	}
}
