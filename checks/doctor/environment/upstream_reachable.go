package environment

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/samber/lo"
	"github.com/sourcegraph/conc/iter"

	"github.com/flowgate-go/flowgate/checks"
	"github.com/flowgate-go/flowgate/checks/doctor/subject"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/proxy"
	"github.com/flowgate-go/flowgate/internal/report"
)

// triedUpstream is one upstream as it was tried.
type triedUpstream struct {
	URL        string    `json:"url"`
	Status     int       `json:"status"` // 0: no answer
	Stage      string    `json:"stage"`  // answered, or where it failed: url, dns, connect, tls, http
	Error      string    `json:"error,omitempty"`
	SkewS      float64   `json:"skew_s"` // its clock minus ours, when it says its time
	ObservedAt time.Time `json:"observed_at"`

	dated bool
}

// triedUpstreams is the detail of upstream.reachable.
type triedUpstreams struct {
	checks.Note
	Upstreams []triedUpstream `json:"upstreams"`
}

// skippedOffline returns the outcome of a check that needs the network.
func skippedOffline() checks.Outcome {
	return checks.Skipped("the network is not used without -online")
}

func upstreamReachable(s *subject.Subject, try func(context.Context) []triedUpstream) checks.Check {
	return checks.Check{
		ID: "upstream.reachable", Title: "Every upstream can be reached",
		Needs: []string{"config.valid"}, Timeout: subject.Patience, Active: true,
		Run: func(ctx context.Context) checks.Outcome {
			if !s.Online {
				return skippedOffline()
			}
			all := try(ctx)
			found := triedUpstreams{Upstreams: all}
			bad := lo.Filter(all, func(r triedUpstream, _ int) bool { return r.Stage != "answered" })
			switch {
			case len(all) == 0:
				return checks.Skipped("no deployment has an upstream outside this stack")
			case len(bad) == 0:
				return checks.Passed(found)
			}
			found.Text = strings.Join(
				lo.Map(bad, func(r triedUpstream, _ int) string { return fmt.Sprintf("%s: %s: %s", r.URL, r.Stage, r.Error) }),
				"; ",
			)
			return checks.Outcome{Status: report.Fail, Detail: found}.WithFix("", "check the name, the network, and HTTPS_PROXY")
		},
	}
}

// tryExternal tries every upstream that is not a service of this stack, all at once.
func tryExternal(ctx context.Context, s *subject.Subject) []triedUpstream {
	ctx, cancel := context.WithTimeout(ctx, subject.Patience-subject.Patience/10)
	defer cancel()
	var urls []string
	for _, d := range s.Deployments() {
		isInStack := slices.ContainsFunc(s.Config.Services, d.LeadsTo)
		if _, _, ok := d.Address(); ok && !isInStack {
			urls = append(urls, d.Base)
		}
	}
	client := &http.Client{
		Transport:     &http.Transport{Proxy: proxy.FromEnvironment(s.Getenv), DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	urls = lo.Uniq(urls)
	mapper := iter.Mapper[string, triedUpstream]{MaxGoroutines: max(1, len(urls))}
	return mapper.Map(urls, func(u *string) triedUpstream { return tryUpstream(ctx, s, client, *u) })
}

// tryUpstream sends one HEAD without a key and returns the result.
func tryUpstream(ctx context.Context, s *subject.Subject, client *http.Client, base string) triedUpstream {
	r := triedUpstream{URL: subject.StripSecrets(base), ObservedAt: s.Now().UTC()}
	traced, stage := traceStages(ctx)
	req, err := http.NewRequestWithContext(traced, http.MethodHead, r.URL, nil)
	if err != nil {
		r.Stage, r.Error = "url", fault.WithoutURL(err).Error()
		return r
	}
	res, err := client.Do(req)
	r.ObservedAt = s.Now().UTC()
	if err != nil {
		r.Stage, r.Error = stage(), fault.WithoutURL(err).Error()
		return r
	}
	_ = res.Body.Close()
	r.Status, r.Stage = res.StatusCode, "answered"
	if at, err := http.ParseTime(res.Header.Get("Date")); err == nil {
		r.SkewS, r.dated = at.Sub(r.ObservedAt.Truncate(time.Second)).Seconds(), true
	}
	return r
}
