package ledger_test

import (
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/internal/usage/ledger"
)

func TestModelsWithoutAPriceAreSortedByTheirUse(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	often, again, seldom := row(0, "a", "often"), row(0, "a", "often"), row(0, "a", "seldom")
	seldom.Tokens.Input = 100 // lines are sorted by tokens
	often.CostKnown, again.CostKnown, seldom.CostKnown = false, false, false
	write(t, folder, ledger.Options{}, seldom, often, again)
	sums, err := open(t, folder).Summarize(ledger.Filter{}, time.UTC)
	if err != nil || len(sums.Unpriced) != 2 || sums.Unpriced[0].Model != "often" || sums.Unpriced[1].Model != "seldom" {
		t.Errorf("%+v %v", sums.Unpriced, err)
	}
}
