package router_test

import (
	"strings"
	"testing"

	"github.com/flowgate-go/flowgate/internal/clientkey"
	"github.com/flowgate-go/flowgate/internal/router"
	"github.com/flowgate-go/flowgate/internal/router/keylimit"
	"github.com/flowgate-go/flowgate/internal/router/metric"
	"github.com/flowgate-go/flowgate/internal/router/routertest"
	"github.com/flowgate-go/flowgate/internal/usage/record"
)

// startMeasured starts a router that counts metrics, with named keys in a folder.
func startMeasured(t *testing.T, yaml string, keys clientkey.Store) *routertest.Stack {
	t.Helper()
	limiter := keylimit.Open(keys.Folder, keylimit.Options{})
	t.Cleanup(func() { _ = limiter.Close() })
	loaded, err := routertest.Load(t, yaml, "x:1", "x:1", nil)
	if err != nil {
		t.Fatal(err)
	}
	metrics := metric.New(loaded)
	return routertest.Start(t, yaml, router.Options{Metrics: metrics, Keys: limiter, Recorder: func(q *record.Request) {
		limiter.Count(q)
		metrics.Count(q)
	}})
}

func TestMetricsTellOfARequestAndNothingThatItSaid(t *testing.T) {
	t.Parallel()
	store := clientkey.Store{Folder: t.TempDir()}
	issued, err := store.Create(t.Context(), "laptop", clientkey.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	s := startMeasured(t, routertest.Minimal, store)
	body := strings.Replace(chatBody("m"), `"hi"`, `"canary-prompt"`, 1)
	s.Send("POST", "/v1/chat/completions", body, map[string]string{"Authorization": "Bearer " + issued.Key,
		"User-Agent": "canary-agent"})
	s.Chat("canary-model")
	var got routertest.Reply
	routertest.Eventually(t, "two requests", func() bool {
		got = s.Send("GET", "/metrics", "", nil)
		return strings.Count(got.Body, "litellm_proxy_total_requests_metric_total{") == 2
	})
	if got.Status != 200 || !strings.HasPrefix(got.Header.Get("Content-Type"), "text/plain; version=0.0.4") {
		t.Errorf("%d %v", got.Status, got.Header)
	}
	for _, want := range []string{`hashed_api_key="` + issued.Info.Token + `",api_key_alias="laptop",requested_model="m"`,
		`api_key_alias="gateway",requested_model="other"`, `status_code="400"`} {
		if !strings.Contains(got.Body, want) {
			t.Errorf("%s is missing in %s", want, got.Body)
		}
	}
	for _, secret := range []string{"canary", issued.Key, "sk-test", "k-up"} {
		if strings.Contains(got.Body, secret) {
			t.Errorf("%s is in the metrics", secret)
		}
	}
}

func TestMetricsNeedTheOwnersKeyUnlessTheConfigurationOpensThem(t *testing.T) {
	t.Parallel()
	store := clientkey.Store{Folder: t.TempDir()}
	plain, _ := store.Create(t.Context(), "plain", clientkey.Limits{})
	scraper, _ := store.Create(t.Context(), "scraper", clientkey.Limits{AllowedRoutes: []string{"/metrics"}})
	s := startMeasured(t, routertest.Minimal, store)
	for key, want := range map[string]int{"": 401, "sk-wrong": 401, plain.Key: 403, scraper.Key: 200, "sk-test": 200} {
		if got := s.Send("GET", "/metrics", "", bearer(key)); got.Status != want {
			t.Errorf("%q: %d, want %d", key, got.Status, want)
		}
	}
	opened := startMeasured(t, routertest.Minimal+"litellm_settings: {require_auth_for_metrics_endpoint: false}\n", store)
	if got := opened.Send("GET", "/metrics", "", map[string]string{"Authorization": ""}); got.Status != 200 {
		t.Errorf("opened: %d", got.Status)
	}
	if got := opened.Send("GET", "/v1/models", "", map[string]string{"Authorization": ""}); got.Status != 401 {
		t.Errorf("another route of the opened router: %d", got.Status)
	}
	closed := startMeasured(t, routertest.Minimal+"litellm_settings: {require_auth_for_metrics_endpoint: true, callbacks: [prometheus]}\n", store)
	if got := closed.Send("GET", "/metrics", "", map[string]string{"Authorization": ""}); got.Status != 401 {
		t.Errorf("closed: %d", got.Status)
	}
	none := routertest.Start(t, routertest.Minimal, router.Options{})
	if got := none.Send("GET", "/metrics", "", nil); got.Status != 404 {
		t.Errorf("without metrics: %d", got.Status)
	}
}

func TestACooldownIsSeenInTheMetrics(t *testing.T) {
	t.Parallel()
	s := startMeasured(t, strings.Replace(routertest.Minimal, "m, litellm_params: {model: openai/up-model", "m, litellm_params: {model: openai/fail-401", 1),
		clientkey.Store{Folder: t.TempDir()})
	s.Chat("m")
	routertest.Eventually(t, "the cooldown", func() bool {
		text := s.Send("GET", "/metrics", "", nil).Body
		return strings.Contains(text, `litellm_deployment_cooled_down_total{litellm_model_name="fail-401",model_id="id-m",`) &&
			strings.Contains(text, `exception_status="401"} 1`) && strings.Contains(text, `api_provider="openai"} 2`)
	})
}
