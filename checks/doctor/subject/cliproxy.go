package subject

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/flowgate-go/flowgate/checks"
)

// Answer is the reply of an HTTP server.
type Answer struct {
	checks.Note
	URL        string    `json:"url"`
	Status     int       `json:"status"` // 0: no answer
	ObservedAt time.Time `json:"observed_at"`

	Body   string      `json:"-"`
	Header http.Header `json:"-"`
}

// maxReplyBytes bounds what is read of an answer, in bytes: a list of 10,000
// accounts has 5 MB.
const maxReplyBytes = 16 << 20

// Get sends a GET and follows no redirect; headers are name, value pairs. With headers,
// which carry a key, it connects to processes of this user only.
func (s *Subject) Get(ctx context.Context, url string, headers ...string) (Answer, error) {
	a := Answer{URL: url, ObservedAt: s.Now().UTC()}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return a, err
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	client := s.keyless
	if len(headers) > 0 {
		client = s.keyed
	}
	res, err := client.Do(req)
	if err != nil {
		return a, err
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(res.Body, maxReplyBytes))
	a.Status, a.Body, a.Header = res.StatusCode, string(body), res.Header
	return a, err
}

// greetCLIProxy asks CLIProxyAPI for its health and reports whether the answer is
// CLIProxyAPI's; a says why not.
func (s *Subject) greetCLIProxy(ctx context.Context) (a Answer, healthy bool) {
	ctx, cancel := context.WithTimeout(ctx, Patience-Patience/10)
	defer cancel()
	svc, _ := s.CLIProxyService()
	a, err := s.Get(ctx, svc.URL()+"/healthz")
	if err == nil && a.Status == http.StatusNotFound {
		a, err = s.Get(ctx, svc.URL()+"/")
	}
	switch {
	case err != nil:
		a.Text = fmt.Sprintf("no answer from %s: %v", svc.URL(), err)
	case a.Status != http.StatusOK ||
		!strings.Contains(a.Body, `"ok"`) && !strings.Contains(a.Body, "CLI Proxy API Server"):
		a.Text = fmt.Sprintf("%s answered %d, and not as CLIProxyAPI does", a.URL, a.Status)
	default:
		healthy = true
	}
	return a, healthy
}

// SkippedForEcho returns the outcome of a check about CLIProxyAPI when the echo
// upstream is used.
func SkippedForEcho() checks.Outcome { return checks.Skipped("the upstream is not CLIProxyAPI") }
