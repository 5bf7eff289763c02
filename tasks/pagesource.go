package tasks

import (
	"context"
	"log/slog"
	"strings"
	"time"

	"github.com/samber/lo"

	"github.com/flowgate-go/flowgate/auth"
	"github.com/flowgate-go/flowgate/auth/window"
	"github.com/flowgate-go/flowgate/checks/doctor"
	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/policy"
	"github.com/flowgate-go/flowgate/internal/program"
	"github.com/flowgate-go/flowgate/internal/report"
	"github.com/flowgate-go/flowgate/page"
	"github.com/flowgate-go/flowgate/supervisor"
	"github.com/flowgate-go/flowgate/supervisor/client"
	"github.com/flowgate-go/flowgate/supervisor/control"
	"github.com/flowgate-go/flowgate/supervisor/logs"
	"github.com/flowgate-go/flowgate/supervisor/stack"
)

// servePage serves the page until it ends by itself, or ctx ends.
func (s session) servePage(ctx context.Context) error {
	cfg, err := s.loadConfig()
	if err == nil {
		err = s.checkSupervisorTrust(cfg)
	}
	if err != nil {
		return err
	}
	return page.Serve(ctx, page.ServeOptions{
		RuntimeDir: cfg.Paths.RuntimeDir, Log: slog.New(slog.NewJSONHandler(s.stderr, nil)),
		Alone: func(ctx context.Context) bool {
			_, err := client.New(cfg).Status(ctx)
			return err != nil && !client.IsUnreachable(err)
		},
		Sources: page.Sources{
			Installation: cfg.File, Program: program.Name(), Now: time.Now,
			Usage: usageForPage(cfg), Stack: s.pageStack, Events: s.pageEvents, Examine: s.pageFindings,
			SetProfile: s.setProfileForPage,
		},
	})
}

// usageForPage returns what reads the usage ledger; nil where there is none.
func usageForPage(cfg *config.Config) func(context.Context) (page.Usage, error) {
	svc, ok := cfg.Service(config.LiteLLM)
	if !ok || svc.Runtime != config.RuntimeEmbedded {
		return nil
	}
	l := &page.Ledger{Folder: cfg.Paths.Usage(), Now: time.Now}
	return l.Read
}

// pageStack returns the state of the stack for the page. The configuration is read each time,
// since people change it while they look.
func (s session) pageStack(ctx context.Context) (page.Stack, error) {
	cfg, err := s.loadConfig()
	if err != nil {
		return page.Stack{}, err
	}
	s.trust = s.examineTrust(cfg)
	env, query := s.readOnlyAuthEnvironment(), supervisor.QueryWithDeployments
	if env.Untrusted {
		query = supervisor.Query
	}
	shown := page.Stack{Profile: policy.CurrentOrDefault(cfg),
		Profiles: lo.Map(policy.List(cfg), func(p policy.Profile, _ int) string { return p.Name })}
	if shown.Accounts, err = auth.Accounts(ctx, cfg, env); err != nil {
		return shown, err
	}
	if shown.Status, err = query(ctx, cfg); err != nil {
		return shown, err
	}
	shown.Quota = window.FromStatus(ctx, cfg, env, shown.Status)
	return shown, nil
}

// pageEvents returns the events of the last day for the page.
func (s session) pageEvents(ctx context.Context) (all []control.Event, err error) {
	cfg, err := s.loadConfig()
	if err != nil {
		return nil, err
	}
	o := logs.EventOptions{N: defaultLines, Since: time.Now().Add(-24 * time.Hour)}
	return all, logs.Events(ctx, cfg, o, func(e control.Event) error { all = append(all, e); return nil })
}

// pageFindings returns what doctor finds, for the page.
func (s session) pageFindings(ctx context.Context) ([]report.Result, error) {
	o, err := doctorOptions(s, nil, nil, nil, nil, nil)
	if err != nil {
		return nil, err
	}
	o.Emit = nil
	done, err := doctor.Run(ctx, o)
	return done.Checks, err
}

// setProfileForPage puts a profile in force, and says in one sentence what happened.
func (s session) setProfileForPage(ctx context.Context, name string) (string, error) {
	cfg, err := s.loadForChanging(ctx)
	if err != nil {
		return "", err
	}
	change, err := stack.SetProfile(ctx, cfg, name, s.stackOptions(cfg, nil, nil))
	switch {
	case err != nil:
		return "", fault.From(err)
	case !change.Changed:
		return "It was in force already.", nil
	case len(change.Restarted) == 0:
		return "It is used from the next start on.", nil
	}
	return strings.Join(change.Restarted, ", ") + " restarted with it.", nil
}
