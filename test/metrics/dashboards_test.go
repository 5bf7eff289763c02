package metrics_test

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tidwall/gjson"

	"github.com/flowgate-go/flowgate/internal/tcp/tcptest"
	"github.com/flowgate-go/flowgate/test/cache"
	"github.com/flowgate-go/flowgate/test/metrics"
)

// requirement is the variable that has these tests run.
const requirement = "FLOWGATE_REQUIRE_PROMETHEUS"

// findPrometheus returns the path of the real Prometheus: Debian's, which the repository's script unpacks.
func findPrometheus(t *testing.T) string {
	t.Helper()
	if os.Getenv(requirement) == "" {
		t.Skip("this test needs Prometheus: go tool mage test:metrics")
	}
	script, err := filepath.Abs("../../scripts/prometheus.sh")
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(script)
	if err != nil {
		t.Fatal(err)
	}
	root, err := cache.Root("prometheus")
	if err != nil {
		t.Fatal(err)
	}
	dir, err := cache.Folder(t.Context(), root, cache.Key(text), func(ctx context.Context, dir string) error {
		_, err := exec.CommandContext(ctx, "bash", script, dir).Output()
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if program := filepath.Join(dir, "usr/bin/prometheus"); exists(program) {
		return program
	}
	program, err := exec.LookPath("prometheus")
	if err != nil {
		t.Fatal(err)
	}
	return program
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// prometheus is a running Prometheus.
type prometheus struct {
	t   *testing.T
	url string
}

// startPrometheus starts a Prometheus that scrapes the router, with a key that may read the metrics, and
// the collector, twice a second.
func startPrometheus(t *testing.T, g *gateway, collector string) prometheus {
	t.Helper()
	program, dir := findPrometheus(t), t.TempDir()
	config := fmt.Sprintf(`global: {scrape_interval: 500ms, scrape_timeout: 500ms}
scrape_configs:
  - {job_name: flowgate, authorization: {credentials: %s}, static_configs: [{targets: [%s]}]}
  - {job_name: collector, static_configs: [{targets: [%s]}]}
`, g.reader, strings.TrimPrefix(g.url, "http://"), strings.TrimPrefix(collector, "http://"))
	file := filepath.Join(dir, "prometheus.yml")
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	address := fmt.Sprintf("127.0.0.1:%d", tcptest.FreePort(t))
	start(t, "Server is ready to receive web requests", program, "--config.file="+file, "--storage.tsdb.path="+dir+"/data",
		"--web.listen-address="+address, "--log.level=info")
	return prometheus{t, "http://" + address}
}

// query returns the series of an expression, and what is wrong with it.
func (p prometheus) query(expression string) (series []gjson.Result, problem string) {
	p.t.Helper()
	expression = strings.NewReplacer("$__rate_interval", "1m", "$__range", "5m", "$service", ".*", "$model", ".*").Replace(expression)
	req, err := http.NewRequestWithContext(p.t.Context(), http.MethodGet,
		p.url+"/api/v1/query?query="+url.QueryEscape(expression), nil)
	if err != nil {
		p.t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		p.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	body := readAll(p.t, resp)
	return gjson.Get(body, "data.result").Array(), gjson.Get(body, "error").String()
}

// dashboards returns the queries of LiteLLM's dashboards: those that find series, and the others.
func dashboards(t *testing.T) (found, none []string) {
	t.Helper()
	text, err := os.ReadFile("testdata/dashboards.txt")
	if err != nil {
		t.Fatal(err)
	}
	isNone := false
	for line := range strings.Lines(string(text)) {
		switch line = strings.TrimSuffix(line, "\n"); {
		case line == "":
			isNone = false
		case strings.HasPrefix(line, "none: "):
			isNone = true
		case strings.HasPrefix(line, "#"):
		case isNone:
			none = append(none, line)
		default:
			found = append(found, line)
		}
	}
	return found, none
}

func TestTheQueriesOfLiteLLMsDashboardsFindSeries(t *testing.T) {
	t.Parallel()
	findPrometheus(t)
	c := startCollector(t)
	g := startRouter(t, metrics.StartUpstream(t), c.URL)
	p := startPrometheus(t, g, c.URL)
	found, none := dashboards(t)
	missing := found
	for deadline := time.Now().Add(2 * time.Minute); len(missing) > 0 && time.Now().Before(deadline); {
		g.load()
		time.Sleep(time.Second) // until Prometheus has scraped what this round changed; no result depends on its length
		missing = slices.DeleteFunc(missing, func(expression string) bool {
			series, problem := p.query(expression)
			if problem != "" {
				t.Fatalf("%s: %s", expression, problem)
			}
			return len(series) > 0
		})
	}
	for _, expression := range missing {
		t.Errorf("no series: %s", expression)
	}
	for _, expression := range none {
		if series, problem := p.query(expression); len(series) > 0 || problem != "" {
			t.Errorf("%d series, though the list says that there are none: %s %s", len(series), expression, problem)
		}
	}
	if series, _ := p.query(`sum by (api_key_alias) (litellm_proxy_total_requests_metric_total) > 0`); len(series) != 2 {
		t.Errorf("clients: %v", series)
	}
	checkTelemetry(t, c)
	status, text := g.metrics(g.reader)
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, secret := range []string{"canary", masterKey, g.client, g.reader} {
		if status != 200 || strings.Contains(text, secret) || strings.Contains(c.raw.String(), secret) {
			t.Errorf("%s is in the metrics or spans (%d)", secret, status)
		}
	}
}

// checkTelemetry checks what the collector got.
func checkTelemetry(t *testing.T, c *collector) {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, problem := range c.wrong {
		t.Errorf("not OTLP: %s", problem)
	}
	kinds := map[string]int{}
	for _, s := range c.spans {
		kinds[s.GetKind().String()]++
		if len(s.GetTraceId()) != 16 || len(s.GetSpanId()) != 8 || s.GetEndTimeUnixNano() < s.GetStartTimeUnixNano() {
			t.Errorf("%v", s)
		}
	}
	if kinds["SPAN_KIND_SERVER"] == 0 || kinds["SPAN_KIND_CLIENT"] == 0 {
		t.Errorf("spans: %v", kinds)
	}
}
