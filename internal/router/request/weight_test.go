package request_test

import (
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/internal/router/dialect"
	"github.com/flowgate-go/flowgate/internal/router/estimate"
	"github.com/flowgate-go/flowgate/internal/router/memory"
	"github.com/flowgate-go/flowgate/internal/router/request"
	"github.com/flowgate-go/flowgate/internal/router/watchdog"
)

// TestAPromptIsWeighedOnlyWhenSomebodyWantsToKnow: to weigh 256 kB takes longer than all else that the router does
// with them, and only streams that tell no tokens need it.
func TestAPromptIsWeighedOnlyWhenSomebodyWantsToKnow(t *testing.T) {
	t.Parallel()
	const messages, tools = `[{"role":"user","content":"How long is a piece of string?"}]`, `[{"type":"function"}]`
	body := `{"model":"m","messages":` + messages + `,"tools":` + tools + `}`
	var budget memory.Budget
	budget.SetLimit(1 << 20)
	for _, needsWeight := range []bool{true, false} {
		var q request.Request
		var loan memory.Loan
		loan.Reset(&budget)
		q.Reset(httptest.NewRequest("POST", "/v1/chat/completions", strings.NewReader(body)), dialect.Chat, false)
		q.NeedsWeight = needsWeight
		reader := &request.Reader{MaxBody: 1 << 20, BodyTimeout: time.Minute, Watchdog: &watchdog.Watchdog{}}
		if f := q.Accept(httptest.NewRecorder(), reader, &loan, ""); f != nil {
			t.Fatalf("%+v", f)
		}
		if q.IsWeighed() {
			t.Error("it is weighed before anybody wants to know")
		}
		want := 0
		if needsWeight {
			want = estimate.Weight([]byte(messages)) + estimate.Weight([]byte(tools))
		}
		for range 2 {
			if got := q.PromptWeight(); got != want {
				t.Errorf("needs weight: %t: %d, want %d", needsWeight, got, want)
			}
		}
	}
}
