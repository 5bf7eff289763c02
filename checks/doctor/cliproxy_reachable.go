package doctor

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/flowgate-go/flowgate/checks"
)

// answer is what an HTTP server said.
type answer struct {
	checks.Note
	URL        string    `json:"url"`
	Status     int       `json:"status"` // 0: no answer
	ObservedAt time.Time `json:"observed_at"`

	body   string
	header http.Header
}

// mostRead bounds what is read of an answer, in bytes: a list of 10,000
// accounts has 5 MB.
const mostRead = 16 << 20

// get asks without following redirects; headers are name, value pairs. With
// headers, which carry a key, it asks processes of this user only.
func (s *subject) get(ctx context.Context, url string, headers ...string) (answer, error) {
	a := answer{URL: url, ObservedAt: s.o.Now().UTC()}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return a, err
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	client := s.keyless
	if len(headers) > 0 {
		client = s.http
	}
	res, err := client.Do(req)
	if err != nil {
		return a, err
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(res.Body, 16<<20))
	a.Status, a.body, a.header = res.StatusCode, string(body), res.Header
	return a, err
}

func (s *subject) cliproxyReachable() checks.Check {
	return checks.Check{
		ID: "cliproxy.reachable", Title: "CLIProxyAPI answers on its port", Needs: []string{"services.live"}, Timeout: patience,
		About: "Asks /healthz, and where an older server has none, / for the sentence \"CLI Proxy API Server\": so a stranger on the port is not taken for it. An HTML page there means safe mode (sample api-keys).",
		Run: func(context.Context) checks.Outcome {
			svc, real := s.real()
			if !real {
				return echoes()
			}
			a, healthy := s.greeting()
			if healthy {
				return checks.Passed(a)
			}
			return checks.Failed("").WithDetail(a).WithFix("mage restart "+svc.Name, "restart it; mage logs "+svc.Name+" has its last lines")
		},
	}
}

// greet asks CLIProxyAPI whether it is there and is CLIProxyAPI; a says why not.
func (s *subject) greet(ctx context.Context) (a answer, healthy bool) {
	ctx, cancel := context.WithTimeout(ctx, patience-patience/10)
	defer cancel()
	svc, _ := s.real()
	a, err := s.get(ctx, svc.URL()+"/healthz")
	if err == nil && a.Status == http.StatusNotFound {
		a, err = s.get(ctx, svc.URL()+"/")
	}
	switch {
	case err != nil:
		a.Text = fmt.Sprintf("no answer from %s: %v", svc.URL(), err)
	case a.Status != http.StatusOK || !strings.Contains(a.body, `"ok"`) && !strings.Contains(a.body, "CLI Proxy API Server"):
		a.Text = fmt.Sprintf("%s answered %d, and not as CLIProxyAPI does", a.URL, a.Status)
	default:
		healthy = true
	}
	return a, healthy
}
