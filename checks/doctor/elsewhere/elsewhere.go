// Package elsewhere makes doctor's checks of a router that is asked by its address alone. Checks takes
// doctor's list and returns it with what can be asked; every other check is skipped, since it looks at
// files of an installation.
//
// It sends the key to that router and to nobody else, and no request that costs money.
package elsewhere

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/flowgate-go/flowgate/auth/window"
	"github.com/flowgate-go/flowgate/checks"
	"github.com/flowgate-go/flowgate/checks/doctor/environment"
	"github.com/flowgate-go/flowgate/checks/doctor/routing"
	"github.com/flowgate-go/flowgate/checks/smoke"
	"github.com/flowgate-go/flowgate/internal/remote"
	"github.com/flowgate-go/flowgate/internal/router/state"
)

// patience bounds one request. Networks between here and there are slower than loopback.
const patience = 15 * time.Second

// certificateAhead is how long before its end a certificate is reported: ACME clients renew theirs thirty
// days before it, so two weeks mean that a renewal has failed.
const certificateAhead = 14 * 24 * time.Hour

// target is the router that is asked.
type target struct {
	remote.Router
	client *http.Client
	now    func() time.Time
	live   func(context.Context) answer // the liveness probe, sent once
	state  func(context.Context) answer // the state of the deployments, asked for once
}

// answer is a reply, or why there is none.
type answer struct {
	status int
	header http.Header
	body   []byte
	tls    *tls.ConnectionState
	at     time.Time
	err    error
}

// Checks returns doctor's checks for a router elsewhere, in the order of list.
func Checks(r remote.Router, client *http.Client, now func() time.Time, list []checks.Check) []checks.Check {
	t := &target{Router: r, client: client, now: now}
	t.live = once(func(ctx context.Context) answer { return t.get(ctx, "/health/liveliness", false) })
	t.state = once(func(ctx context.Context) answer { return t.get(ctx, state.Path, true) })
	can := map[string]checks.Check{
		"services.live":  {Title: "The router answers, by a certificate that lasts", Run: t.checkLive},
		"services.ready": {Title: "The router is ready", Needs: []string{"services.live"}, Run: t.checkReady},
		"models.served": {Title: "The router accepts the key and lists models", Needs: []string{"services.ready"},
			Run: t.checkModels},
		"deployments.available": {Needs: []string{"models.served"}, Run: t.checkDeployments},
		"quota.left":            {Needs: []string{"models.served"}, Run: t.checkQuota},
		"clock.right":           {Needs: []string{"services.live"}, Run: t.checkClock},
	}
	out := make([]checks.Check, len(list))
	for i, c := range list {
		out[i] = checks.Check{ID: c.ID, Title: c.Title, Family: c.Family, Run: skipWithoutFiles}
		if own, ok := can[c.ID]; ok {
			out[i].Needs, out[i].Run, out[i].Timeout, out[i].Active = own.Needs, own.Run, patience+time.Second, true
			if own.Title != "" {
				out[i].Title = own.Title
			}
		}
	}
	return out
}

// skipWithoutFiles is the Run of a check that looks at files of an installation.
func skipWithoutFiles(context.Context) checks.Outcome { return checks.Skipped(smoke.NeedsFiles) }

// once returns a func that calls ask the first time, and returns the same answer from then on.
func once(ask func(context.Context) answer) func(context.Context) answer {
	var first sync.Once
	var a answer
	return func(ctx context.Context) answer {
		first.Do(func() { a = ask(ctx) })
		return a
	}
}

// get asks for a path, with the key when withKey is set.
func (t *target) get(ctx context.Context, path string, withKey bool) answer {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, t.URL+path, nil)
	if err != nil {
		return answer{err: err}
	}
	if withKey {
		req.Header.Set("Authorization", "Bearer "+t.Key)
	}
	sent := t.now()
	res, err := t.client.Do(req)
	if err != nil {
		return answer{err: err}
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body) // the client bounds it
	return answer{status: res.StatusCode, header: res.Header, body: body, tls: res.TLS,
		at: middle(sent, t.now()), err: err}
}

// middle returns the moment between two.
func middle(a, b time.Time) time.Time { return a.Add(b.Sub(a) / 2) }

// problem returns the outcome for an answer that is not 200; ok is false then.
func (t *target) problem(a answer, path string) (o checks.Outcome, ok bool) {
	reason, advice := "", ""
	switch {
	case a.err != nil:
		reason, advice = remote.Explain(a.err)
		reason = fmt.Sprintf("no answer from %s: %s", t.URL, reason)
	case a.status == http.StatusOK:
		return checks.Outcome{}, true
	case a.status == http.StatusUnauthorized, a.status == http.StatusForbidden:
		reason = fmt.Sprintf("%s refuses the key with %d", t.URL+path, a.status)
		advice = "give the key of that router; a named key may also have ended, or lack this route"
	default:
		if reason, advice = remote.ExplainRedirect(a.status, a.header); reason == "" {
			reason = fmt.Sprintf("it answered %d", a.status)
		}
		reason = t.URL + path + ": " + reason
	}
	o = checks.Failed("%s", reason)
	if advice != "" {
		o = o.WithFix("", advice)
	}
	return o, false
}

// Seen is the detail of a router that answers.
type Seen struct {
	checks.Note
	URL        string     `json:"url"`
	ObservedAt time.Time  `json:"observed_at"`
	TLS        string     `json:"tls,omitempty"`               // version of TLS; "" over plain HTTP
	ValidUntil *time.Time `json:"certificate_until,omitempty"` // when its certificate ends
	Models     int        `json:"models,omitempty"`
}

// seen returns the detail of an answer.
func (t *target) seen(a answer) Seen {
	s := Seen{URL: t.URL, ObservedAt: a.at.UTC()}
	if a.tls != nil {
		s.TLS = tls.VersionName(a.tls.Version)
		if len(a.tls.PeerCertificates) > 0 {
			until := a.tls.PeerCertificates[0].NotAfter.UTC()
			s.ValidUntil = &until
		}
	}
	return s
}

func (t *target) checkLive(ctx context.Context) checks.Outcome {
	a := t.live(ctx)
	if a.status == http.StatusNotFound { // neither FlowGate nor LiteLLM, or a path of a proxy; readiness tells more
		a.status = http.StatusOK
	}
	o, ok := t.problem(a, "/health/liveliness")
	if !ok {
		return o
	}
	s := t.seen(a)
	if s.ValidUntil != nil && s.ValidUntil.Sub(t.now()) < certificateAhead {
		s.Text = "its certificate ends at " + s.ValidUntil.Format(time.RFC3339)
		return checks.Warned("").WithDetail(s).
			WithFix("", "renew it; where that should happen by itself, look why it did not")
	}
	return checks.Passed(s)
}

func (t *target) checkReady(ctx context.Context) checks.Outcome {
	a := t.get(ctx, "/health/readiness", false)
	if a.err == nil && a.status == http.StatusNotFound {
		return checks.Skipped("%s has no /health/readiness, which FlowGate's router and LiteLLM have", t.URL)
	}
	if o, ok := t.problem(a, "/health/readiness"); !ok {
		return o
	}
	return checks.Passed(t.seen(a))
}

func (t *target) checkModels(ctx context.Context) checks.Outcome {
	a := t.get(ctx, "/v1/models", true)
	if o, ok := t.problem(a, "/v1/models"); !ok {
		return o
	}
	var list struct{ Data []struct{ ID string } }
	if err := json.Unmarshal(a.body, &list); err != nil {
		return checks.Failed(
			"%s/v1/models answered with something else than a list of models: another server is there", t.URL)
	}
	if len(list.Data) == 0 {
		return checks.Failed("%s/v1/models lists no model", t.URL).
			WithFix("", "a named key may ask for none of them; otherwise the router has an empty model_list")
	}
	s := t.seen(a)
	s.Models = len(list.Data)
	return checks.Passed(s)
}

// readState returns the state of the router's deployments, or the outcome for one that does not tell.
func (t *target) readState(ctx context.Context) (report state.Report, o checks.Outcome, ok bool) {
	a := t.state(ctx)
	if a.err == nil && a.status != http.StatusOK {
		return report, checks.Skipped("%s%s answered %d: only the embedded router tells its deployments, and only with the "+
			"owner's key", t.URL, state.Path, a.status), false
	}
	if o, ok = t.problem(a, state.Path); !ok {
		return report, o, false
	}
	if err := json.Unmarshal(a.body, &report); err != nil || report.Deployments == 0 {
		return report, checks.Skipped("the router does not tell its deployments"), false
	}
	return report, o, true
}

func (t *target) checkDeployments(ctx context.Context) checks.Outcome {
	state, o, ok := t.readState(ctx)
	if !ok {
		return o
	}
	o = routing.JudgeDeployments(state, "litellm")
	if o.Fix != nil {
		o = o.WithFix("", "fix what the reason says, or wait until the cooldown ends; the router's log shows the failures")
	}
	return o
}

func (t *target) checkQuota(ctx context.Context) checks.Outcome {
	state, o, ok := t.readState(ctx)
	if !ok {
		return o
	}
	seen := window.FromRouter(state.Quota, t.now())
	if len(seen.Windows) == 0 {
		return checks.Skipped("%s", seen.Reason)
	}
	if o = routing.JudgeQuota(seen, t.now()); o.Fix != nil {
		o = o.WithFix("", strings.TrimSpace(o.Fix.Text))
	}
	return o
}

func (t *target) checkClock(ctx context.Context) checks.Outcome {
	a := t.live(ctx)
	at, err := http.ParseTime(a.header.Get("Date"))
	if err != nil {
		return checks.Skipped("the router does not say its time")
	}
	return environment.JudgeClock(at.Sub(a.at.Truncate(time.Second)).Seconds(), t.URL, t.seen(a))
}
