package smoke

import (
	"cmp"
	"context"
	"net/http"
	"time"

	"github.com/flowgate-go/flowgate/checks"
	"github.com/flowgate-go/flowgate/internal/loopback"
	"github.com/flowgate-go/flowgate/internal/policy"
	"github.com/flowgate-go/flowgate/internal/remote"
	"github.com/flowgate-go/flowgate/internal/report"
	"github.com/flowgate-go/flowgate/internal/secret/redact"
)

// NeedsFiles is the reason of every check that cannot be made of a router elsewhere.
const NeedsFiles = "needs the installation's files"

// runRemote runs the checks on a router elsewhere.
func runRemote(ctx context.Context, o Options) (report.Checked, error) {
	at, err := remote.Open(o.Remote)
	if err != nil {
		return report.Checked{}, err
	}
	r := Router{URL: at.URL, Key: at.Key, Model: cmp.Or(o.Model, defaultModel(o.Config))}
	r.client = at.Client(policy.KnownSecrets(o.Config, o.Getenv),
		loopback.Options{MaxReply: maxReply, Idle: keptConnections})
	defer r.client.CloseIdleConnections()
	return report.Checked{
		Checks: checks.Run(ctx, r.remoteChecks(), checks.Options{Emit: o.Emit}),
		Data:   Target{Mode: "url", URL: redact.URL(r.URL), Model: r.Model},
	}, nil
}

// remoteChecks returns the checks of a running stack, as far as a router elsewhere can be asked.
func (r Router) remoteChecks() []checks.Check {
	s := stack{}
	list := s.healthChecks(nil)
	for i := range list {
		list[i].Needs, list[i].Run = nil, skipWithoutFiles
	}
	for i := range list {
		if list[i].ID == "router.ready" {
			list[i].Title, list[i].Timeout, list[i].Run = "The router is ready", probeTimeout, r.checkReadiness
		}
	}
	list = append(list, r.Probes([]string{"router.ready"}, probeTimeout)...)
	logs := s.logsCheck(nil)
	logs.Run = skipWithoutFiles
	return append(list, logs)
}

// skipWithoutFiles is the Run of a check that needs files of the installation.
func skipWithoutFiles(context.Context) checks.Outcome { return checks.Skipped(NeedsFiles) }

// checkReadiness checks that a router that FlowGate does not run is ready.
func (r Router) checkReadiness(ctx context.Context) checks.Outcome {
	started := time.Now()
	a, err := r.send(ctx, http.MethodGet, "/health/readiness", "", nil)
	if err == nil && a.status == http.StatusNotFound {
		a, err = r.send(ctx, http.MethodGet, "/v1/models", r.Key, nil)
	}
	if err != nil {
		reason, advice := remote.Explain(err)
		return withAdvice(checks.Failed("no answer from %s after %s: %s", r.URL, time.Since(started).Round(time.Millisecond),
			reason), advice)
	}
	if reason, advice := remote.ExplainRedirect(a.status, a.header); reason != "" {
		return withAdvice(checks.Failed("%s is not the router: %s", r.URL, reason), advice)
	}
	if a.status != http.StatusOK {
		return checks.Failed("%s answered %d: %s", r.URL, a.status, excerpt(a.body))
	}
	return checks.Passed(Answer{Status: a.status})
}

// withAdvice returns an outcome with what to do, unless that is empty.
func withAdvice(o checks.Outcome, advice string) checks.Outcome {
	if advice == "" {
		return o
	}
	return o.WithFix("", advice)
}
