package fault_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/flowgate-go/flowgate/internal/fault"
)

func TestAMessageShowsNoPasswordQueryOrKey(t *testing.T) {
	t.Parallel()
	inner := fault.New("a", "ask https://user:CANARY1@host/p?token=CANARY2: %w", fmt.Errorf("get http://h/?k=CANARY3"))
	for _, f := range []*fault.Error{
		inner, fault.From(fmt.Errorf("https://u:CANARY4@h: %w", inner)), fault.From(fmt.Errorf("https://u:CANARY5@h")),
		fault.Usage("b", "there is no target %q", "sk-proj-CANARY6CANARY6"),
	} {
		if strings.Contains(strings.ReplaceAll(f.Message, "…ARY6", ""), "CANARY") {
			t.Errorf("%s", f.Message)
		}
	}
}
