package page_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/auth"
	"github.com/flowgate-go/flowgate/internal/report"
	"github.com/flowgate-go/flowgate/page"
	"github.com/flowgate-go/flowgate/supervisor/control"
)

// BenchmarkPage measures GET / over a connection on this machine, and a new link: a page of 4 services, 20
// accounts, 24 rows of usage, 5 problems and 40 events.
func BenchmarkPage(b *testing.B) {
	p := page.New(fullSources())
	server := httptest.NewServer(p)
	b.Cleanup(func() { p.Close(); server.Close() })
	client := server.Client()
	get := func(path, cookie string) *http.Response {
		req, err := http.NewRequestWithContext(b.Context(), "GET", server.URL+path, nil)
		if err != nil {
			b.Fatal(err)
		}
		req.Header.Set("Cookie", cookie)
		res, err := client.Do(req)
		if err != nil {
			b.Fatal(err)
		}
		return res
	}
	opened := get(p.NewLink(), "")
	_ = opened.Body.Close()
	cookie := opened.Cookies()[0]
	b.Run("load", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			res := get("/", cookie.Name+"="+cookie.Value)
			n, err := res.Body.Read(make([]byte, 64))
			if _ = res.Body.Close(); res.StatusCode != http.StatusOK || n == 0 {
				b.Fatal(res.StatusCode, err)
			}
		}
	})
	b.Run("link", func(b *testing.B) {
		for b.Loop() {
			res := get(p.NewLink(), "")
			if _ = res.Body.Close(); res.StatusCode != http.StatusOK {
				b.Fatal(res.StatusCode)
			}
		}
	})
}

// fullSources returns the sources of a page that has much to show.
func fullSources() page.Sources {
	stack := page.Stack{Profile: "balanced", Profiles: []string{"balanced", "cost"},
		Status: control.Status{Supervisor: &control.SupervisorInfo{PID: 1}}}
	var usage page.Usage
	var events []control.Event
	var results []report.Result
	for i := range 40 {
		name := fmt.Sprintf("name-%d", i)
		events = append(events, control.Event{Timestamp: "2026-01-02T03:04:05.000Z", Event: "service.ready", Service: name})
		if i < 20 {
			stack.Accounts = append(stack.Accounts, auth.Account{Provider: "codex", Account: name, State: auth.Fresh})
		}
		if i < 12 {
			usage.Clients = append(usage.Clients, page.Row{Name: name, Requests: 1000, Input: 1_000_000})
			usage.Models = append(usage.Models, page.Row{Name: name, Requests: 1000, Input: 1_000_000})
		}
		if i < 5 {
			results = append(results, report.Result{ID: name, Status: report.Warn, Title: name})
		}
		if i < 4 {
			stack.Status.Services = append(stack.Status.Services, control.ServiceStatus{Name: name, Live: true, Ready: true})
		}
	}
	return page.Sources{Program: "mage", Now: time.Now,
		Stack:   func(context.Context) (page.Stack, error) { return stack, nil },
		Usage:   func(context.Context) (page.Usage, error) { return usage, nil },
		Events:  func(context.Context) ([]control.Event, error) { return events, nil },
		Examine: func(context.Context) ([]report.Result, error) { return results, nil }}
}
