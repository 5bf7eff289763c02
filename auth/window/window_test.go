package window_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/auth"
	"github.com/flowgate-go/flowgate/auth/window"
	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/router/state"
	"github.com/flowgate-go/flowgate/internal/terminal"
	"github.com/flowgate-go/flowgate/internal/usage/ledger"
	"github.com/flowgate-go/flowgate/internal/usage/quota"
	"github.com/flowgate-go/flowgate/internal/usage/record"
	"github.com/flowgate-go/flowgate/supervisor/control"
)

var now = time.Date(2026, 9, 14, 10, 0, 0, 0, time.UTC)

// installation returns a configuration with one account of Claude, and its environment.
func installation(t *testing.T) (*config.Config, auth.Environment) {
	t.Helper()
	cfg := config.Default(t.TempDir())
	env := auth.Environment{Getenv: func(string) string { return "" }, Now: func() time.Time { return now }, GOOS: "linux"}
	folder := auth.Folder(cfg, env)
	if err := os.MkdirAll(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	const content = `{"type":"claude","access_token":"a","refresh_token":"r","email":"a@example.com"}`
	if err := os.WriteFile(filepath.Join(folder, "claude-a@example.com.json"), []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return cfg, env
}

// seenBy returns the status of a stack whose router has seen these windows.
func seenBy(seen ...quota.Seen) control.Status {
	return control.Status{Services: []control.ServiceStatus{
		{Name: config.LiteLLM, Live: true, Ready: true, Router: &state.Report{Quota: seen}},
	}}
}

func newSeen(account, name string, share float64, runsOut time.Duration) quota.Seen {
	s := quota.Seen{Deployment: "sonnet-1", Account: account, ObservedAt: now, Window: quota.Window{Provider: quota.Claude,
		Name: name, LengthS: 5 * 3600, UsedShare: &share, ResetsAt: new(now.Add(3 * time.Hour)), Status: "allowed"}}
	if runsOut > 0 {
		s.RunsOutAt, s.SharePerHour = new(now.Add(runsOut)), new(0.3)
	}
	return s
}

func TestAWindowHasTheNameOfItsAccount(t *testing.T) {
	t.Parallel()
	cfg, env := installation(t)
	file := filepath.Join(auth.Folder(cfg, env), "claude-a@example.com.json")
	o := window.FromStatus(t.Context(), cfg, env, seenBy(newSeen(window.AuthIndex("Claude ", file), "5h", 0.8, time.Hour),
		newSeen("ffffffffffffffff", "5h", 0.1, 0), newSeen("", "7d", 0.2, 0)))
	if len(o.Windows) != 3 || o.Reason != "" {
		t.Fatalf("%+v", o)
	}
	for i, want := range []string{"claude-a@example.com", "ffffffffffffffff", "sonnet-1"} {
		if got := o.Windows[i].Holder(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	w := o.Windows[0]
	if *w.ResetsInS != 3*3600 || *w.RunsOutInS != 3600 || w.UsedUp || o.Windows[1].RunsOutInS != nil {
		t.Errorf("%+v", w)
	}
	text, err := json.Marshal(w)
	if err != nil || !strings.Contains(string(text), `"account_name":"claude-a@example.com","deployment":"sonnet-1"`) ||
		!strings.Contains(string(text), `"used_share":0.8`) {
		t.Errorf("%s %v", text, err)
	}
}

// The first value is what CLIProxyAPI 7.2.99 computes for this type and this path.
func TestTheAuthIndexIsCLIProxyAPIs(t *testing.T) {
	t.Parallel()
	if got := window.AuthIndex("codex", "/a/codex-x.json"); got != "ac8f0372fbb7d289" {
		t.Error(got)
	}
}

// printed returns the text for people, in columns.
func printed(o window.Overview) string {
	var text strings.Builder
	o.Print(terminal.NewPrinter(&text, terminal.Style{}))
	return text.String()
}

func TestWithoutWindowsTheReasonIsSaid(t *testing.T) {
	t.Parallel()
	cfg, env := installation(t)
	stopped := control.Status{Services: []control.ServiceStatus{{Name: config.LiteLLM}}}
	untrusted := env
	untrusted.Untrusted = true
	litellm := config.Default(t.TempDir())
	for i, svc := range litellm.Services {
		if svc.Name == config.LiteLLM {
			litellm.Services[i].Runtime = config.RuntimeLiteLLM
		}
	}
	for want, o := range map[string]window.Overview{
		"no reply has named a quota": window.FromStatus(t.Context(), cfg, env, seenBy()),
		"does not run":               window.FromStatus(t.Context(), cfg, env, stopped),
		"not trusted":                window.FromStatus(t.Context(), cfg, untrusted, stopped),
		"LiteLLM, which keeps no":    window.FromStatus(t.Context(), litellm, env, stopped),
	} {
		if !strings.Contains(o.Reason, want) {
			t.Errorf("%q, want %q", o.Reason, want)
		}
		if text := printed(o); !strings.Contains(text, o.Reason) {
			t.Errorf("text %q", text)
		}
	}
}

func TestWhatTheRouterHasSeenIsThereAfterItStopped(t *testing.T) {
	t.Parallel()
	cfg, env := installation(t)
	w := ledger.Start(cfg.Paths.Usage(), ledger.Options{Now: env.Now})
	w.Add(&record.Request{Start: now.Add(-time.Minute), Deployment: "sonnet-1", Status: 200,
		Quota: []quota.Window{newSeen("", "5h", 0.8, 0).Window}})
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	o := window.FromStatus(t.Context(), cfg, env, control.Status{})
	if len(o.Windows) != 1 || o.Source != "ledger" || *o.Windows[0].UsedShare != 0.8 || o.Windows[0].SharePerHour == nil {
		t.Errorf("%+v", o)
	}
	if o := window.FromStatus(t.Context(), cfg, env, seenBy(newSeen("", "5h", 0.9, 0))); o.Source != "router" {
		t.Errorf("the router knows better: %+v", o)
	}
	env.Untrusted = true
	if o := window.FromStatus(t.Context(), cfg, env, control.Status{}); len(o.Windows) != 0 {
		t.Errorf("not trusted: %+v", o)
	}
}

func TestTheTableForPeople(t *testing.T) {
	t.Parallel()
	cfg, env := installation(t)
	full, unified := newSeen("", "7d", 1.02, 0), newSeen("", quota.Unified, 0, 0)
	full.Status, full.SharePerHour = "rejected", new(0.1)
	o := window.FromStatus(t.Context(), cfg, env, seenBy(newSeen("", "5h", 0.8, time.Hour), full, unified))
	text := printed(o)
	for _, want := range []string{"ACCOUNT", "80 %", "in 1 h", "102 %", "rejected", "3 h "} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in\n%s", want, text)
		}
	}
	if strings.Contains(text, quota.Unified) {
		t.Errorf("the decision is no window:\n%s", text)
	}
}
