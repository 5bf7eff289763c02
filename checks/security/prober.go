package security

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptrace"
	"slices"
	"strings"
	"time"

	"github.com/samber/lo"

	"github.com/flowgate-go/flowgate/checks"
	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/hostname"
	"github.com/flowgate-go/flowgate/internal/loopback"
	"github.com/flowgate-go/flowgate/internal/report"
	"github.com/flowgate-go/flowgate/supervisor"
	"github.com/flowgate-go/flowgate/supervisor/control"
)

// attempt is one request and its result.
type attempt struct {
	Service string `json:"service"`
	What    string `json:"what"` // what is tried
	Method  string `json:"method"`
	Address string `json:"address"`
	Path    string `json:"path"`
	Status  int    `json:"status"` // of the reply; 0: none came
	Answer  string `json:"answer,omitempty"`
	Refused bool   `json:"refused"` // the service refused it, as it should

	header   http.Header
	body     string
	unjudged bool // it was not sent, or its reply does not show what the service serves
}

// probeDetail is the detail of a check that sent requests.
type probeDetail struct {
	Text  string    `json:"reason"`
	Tried []attempt `json:"tried"`
}

// Reason implements report.Reasoned.
func (t probeDetail) Reason() string { return t.Text }

// prober sends requests to this machine's own addresses and to no other.
type prober struct {
	http     *http.Client
	local    map[string]bool
	attempts []attempt
}

// newProber returns a prober that knows this machine's addresses.
func newProber() (*prober, error) {
	addresses, err := net.InterfaceAddrs()
	if err != nil {
		return nil, fmt.Errorf("list this machine's addresses: %w", err)
	}
	p := &prober{local: map[string]bool{}}
	for _, a := range addresses {
		if ip, _, err := net.ParseCIDR(a.String()); err == nil {
			p.local[ip.String()] = true
		}
	}
	p.http = loopback.New(loopback.Options{Timeout: 5 * time.Second, MaxReply: excerptBytes, Only: p.checkLocal})
	return p, nil
}

// checkLocal returns an error for an address of another machine.
func (p *prober) checkLocal(addr string) error {
	host, _, err := net.SplitHostPort(addr)
	if ip := net.ParseIP(host); err != nil || ip == nil || !p.local[ip.String()] && !ip.IsLoopback() {
		return fmt.Errorf("%s is not an address of this machine", addr)
	}
	return nil
}

// otherAddresses returns this machine's addresses besides loopback, without link-local
// ones, which need a zone.
func (p *prober) otherAddresses() []string {
	return lo.Filter(slices.Sorted(maps.Keys(p.local)), func(a string, _ int) bool {
		ip := net.ParseIP(a)
		return !ip.IsLoopback() && !ip.IsLinkLocalUnicast()
	})
}

// addressOf returns the address of a service, host:port.
func (p *prober) addressOf(svc config.Service) string {
	return strings.TrimPrefix(svc.URL(), "http://")
}

// probeServices returns the outcome of probe, which gets a prober and the services that
// run; it is skipped when there are none.
func (s *audit) probeServices(
	ctx context.Context,
	probe func(*prober, []config.Service) checks.Outcome,
) checks.Outcome {
	if s.cfg == nil {
		return s.skippedWithoutConfig()
	}
	if s.options.Untrusted != "" {
		return checks.Skipped("the configuration is not trusted (%s): review it, then run `mage trust`", s.options.Untrusted)
	}
	status, err := supervisor.Query(ctx, s.cfg)
	if err != nil {
		return checks.FromFault(err)
	}
	live := lo.Filter(s.cfg.Services, func(svc config.Service, _ int) bool {
		return lo.ContainsBy(status.Services, func(st control.ServiceStatus) bool { return st.Name == svc.Name && st.Live })
	})
	if len(live) == 0 {
		return checks.Skipped("no service runs: mage start")
	}
	p, err := newProber()
	if err != nil {
		return checks.Failed("%v", err)
	}
	return probe(p, live)
}

// isAtLoopback reports whether an address, host:port, is a loopback address.
func isAtLoopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	return err == nil && hostname.IsLoopback(host)
}

// excerptBytes bounds how much of a reply's body is read.
const excerptBytes = 4 << 10

// send sends one request and records it. The service refused it when it accepted no
// connection, or when isRight returns true for the reply. What accepts a connection can
// be reached, whatever protocol it speaks. On loopback, where a service has to accept
// connections, it cannot be judged without an HTTP reply.
func (p *prober) send(ctx context.Context, a attempt, isRight func(reply *http.Response, body string) bool) {
	if a.Method == "" {
		a.Method = http.MethodGet
	}
	p.attempts = append(p.attempts, p.try(ctx, a, isRight))
}

// try sends the request of an attempt and returns the attempt with its result.
func (p *prober) try(ctx context.Context, a attempt, isRight func(reply *http.Response, body string) bool) attempt {
	connected := false
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { connected = true }})
	req, err := http.NewRequestWithContext(ctx, a.Method, "http://"+a.Address+a.Path, strings.NewReader(a.body))
	if err != nil {
		a.Answer, a.unjudged = "not sent: "+err.Error(), true
		return a
	}
	for name, values := range a.header {
		req.Header[name] = values
	}
	if host := a.header.Get("Host"); host != "" {
		req.Host = host
	}
	res, err := p.http.Do(req)
	if err != nil {
		a.Answer = "no connection"
		if connected {
			a.Answer = "accepts the connection and gives no HTTP reply"
		}
		a.unjudged = isAtLoopback(a.Address)
		a.Refused = !connected && !a.unjudged
		return a
	}
	defer func() { _ = res.Body.Close() }()
	body, _ := io.ReadAll(io.LimitReader(res.Body, 16<<20)) // a reply that was cut off is judged as far as it came
	a.Status, a.Refused = res.StatusCode, isRight(res, string(body))
	if asksForTLS(res, string(body)) {
		a.Refused, a.unjudged = false, isAtLoopback(a.Address)
	}
	if !a.Refused {
		a.Answer = strings.Join(strings.Fields(string(body[:min(len(body), 120)])), " ")
	}
	return a
}

// asksForTLS reports whether a reply only says, as Go's and nginx's servers do,
// that it expects TLS and got plain HTTP: such a reply does not show what is served.
func asksForTLS(reply *http.Response, body string) bool {
	return reply.StatusCode == http.StatusBadRequest && strings.Contains(body, "HTTPS")
}

// outcome returns the outcome of all attempts. complaint ends the sentence about the
// services that did not refuse them: "answer without the right key".
func (p *prober) outcome(complaint, fix string) checks.Outcome {
	if len(p.attempts) == 0 {
		return checks.Skipped("there is nothing to ask: this machine has no such address, or no such service runs")
	}
	answered := lo.Filter(p.attempts, func(a attempt, _ int) bool { return !a.Refused && !a.unjudged })
	unjudged := lo.Filter(p.attempts, func(a attempt, _ int) bool { return a.unjudged })
	if len(answered) == 0 && len(unjudged) > 0 {
		services := lo.Uniq(lo.Map(unjudged, func(a attempt, _ int) string { return a.Service }))
		return checks.Warned("").
			WithDetail(probeDetail{fmt.Sprintf("%s: %d of %d requests got no HTTP reply or one that asks for TLS, so "+
				"what it serves cannot be judged", strings.Join(services, ", "), len(unjudged), len(p.attempts)), p.attempts}).
			WithFix("mage health", "a service of FlowGate's speaks plain HTTP: find out what has the port")
	}
	if len(answered) == 0 {
		return checks.Passed(probeDetail{fmt.Sprintf("%d requests, all refused", len(p.attempts)), p.attempts})
	}
	places := lo.Uniq(lo.Map(answered, func(a attempt, _ int) string {
		return fmt.Sprintf("%s at %s%s (%s: %d)", a.Service, a.Address, a.Path, a.What, a.Status)
	}))
	o := checks.Outcome{Status: report.Fail, Detail: probeDetail{joinNames(places) + " " + complaint, p.attempts}}
	return o.WithFix("", fix)
}
