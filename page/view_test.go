package page_test

import (
	"context"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/auth"
	"github.com/flowgate-go/flowgate/auth/window"
	"github.com/flowgate-go/flowgate/internal/usage/quota"
	"github.com/flowgate-go/flowgate/page"
	"github.com/flowgate-go/flowgate/supervisor/control"
)

func TestWhatRowsSay(t *testing.T) {
	t.Parallel()
	stack := page.Stack{Accounts: []auth.Account{{Provider: "codex", Account: "a", State: auth.Fresh, Disabled: true}}}
	for _, name := range []string{"5h", quota.Unified, quota.Overage} {
		stack.Quota.Windows = append(stack.Quota.Windows, window.Window{Seen: quota.Seen{ObservedAt: time.Now(),
			Window: quota.Window{Provider: quota.Claude, Name: name, UsedShare: new(0.5)}}})
	}
	events := make([]control.Event, 41)
	for i := range events {
		events[i] = control.Event{Timestamp: "2026-01-02T03:04:05.000Z", Event: "service.ready"}
	}
	p := page.New(page.Sources{Program: "mage", Now: time.Now,
		Stack:  func(context.Context) (page.Stack, error) { return stack, nil },
		Events: func(context.Context) ([]control.Event, error) { return events, nil },
		Usage: func(context.Context) (page.Usage, error) {
			return page.Usage{Clients: []page.Row{{Name: "idle"}, {Name: "unpriced", Requests: 2, Unpriced: 2},
				{Name: "mixed", Requests: 2, Unpriced: 1, Cost: 1.5}}}, nil
		}})
	server := httptest.NewServer(p)
	t.Cleanup(func() { p.Close(); server.Close() })
	text, _ := (&site{T: t, server: server, page: p, browser: newBrowser(t)}).enter()
	for part, n := range map[string]int{">disabled<": 1, "claude 5h<": 1, "claude unified<": 0, "claude overage<": 0, "<time ": 40,
		">$0.00<": 1, ">no price<": 1, ">$1.50 (1 without a price)<": 1} {
		if got := strings.Count(text, part); got != n {
			t.Errorf("%q is there %d times, want %d: %s", part, got, n, text)
		}
	}
}
