package smoke_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/samber/lo"

	"github.com/flowgate-go/flowgate/checks"
	"github.com/flowgate-go/flowgate/checks/smoke"
	"github.com/flowgate-go/flowgate/internal/report"
)

// brokenRouter answers every path with the same status and body, as routers do
// that are open, misconfigured or not routers at all.
func brokenRouter(t *testing.T, status int, contentType, body string) smoke.Router {
	t.Helper()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		w.WriteHeader(status)
		_, _ = fmt.Fprint(w, body)
	}))
	t.Cleanup(srv.Close)
	return smoke.Router{URL: srv.URL, Key: "sk-x", Model: "m", Private: true}
}

func TestProbesDoNotPassOnARouterThatIsWrong(t *testing.T) {
	t.Parallel()
	for name, r := range map[string]smoke.Router{
		"a web page":        brokenRouter(t, 200, "text/html", "<html>hello</html>"),
		"empty JSON":        brokenRouter(t, 200, "application/json", "{}"),
		"server errors":     brokenRouter(t, 500, "application/json", `{"error":{"message":"x"}}`),
		"a redirect":        brokenRouter(t, 302, "text/plain", ""),
		"an unended stream": brokenRouter(t, 200, "text/event-stream", "data: {}\n\ndata: {}\n\n"),
		"an empty stream":   brokenRouter(t, 200, "text/event-stream", "data: [DONE]\n\n"),
		"events after the end": brokenRouter(t, 200, "text/event-stream",
			"data: {\"type\":\"message_stop\"}\n\ndata: {\"type\":\"response.completed\"}\n\ndata: [DONE]\n\ndata: {}\n\n"),
		"nobody": {URL: "http://127.0.0.1:1", Key: "sk-x", Model: "m", Private: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, c := range checks.Run(t.Context(), r.Probes(nil, 2*time.Second), checks.Options{}) {
				if c.Status != report.Fail {
					t.Errorf("%s is %s: %+v", c.ID, c.Status, c.Detail)
				}
			}
		})
	}
}

func TestARouterThatTakesAnyKeyIsFoundOpen(t *testing.T) {
	t.Parallel()
	r := brokenRouter(t, 200, "application/json", `{"choices":[{"message":{"content":"hi"}}]}`)
	results := checks.Run(t.Context(), r.Probes(nil, time.Second), checks.Options{})
	key, _ := lo.Find(results, func(c report.Result) bool { return c.ID == "key.refused" })
	if key.Status != report.Fail || !strings.Contains(key.Detail.(checks.Note).Text, "serves every client") ||
		key.Fix == nil {
		t.Fatalf("%+v", key)
	}
}

func TestARefusalByLiteLLMWithoutADatabaseCounts(t *testing.T) {
	t.Parallel()
	r := brokenRouter(t, 400, "application/json",
		`{"error":{"message":"No connected db.","type":"no_db_connection","param":null,"code":"400"}}`)
	results := checks.Run(t.Context(), r.Probes(nil, time.Second), checks.Options{})
	key, _ := lo.Find(results, func(c report.Result) bool { return c.ID == "key.refused" })
	if key.Status != report.Pass {
		t.Fatalf("%+v", key)
	}
}

func TestNoProbeShowsTheKey(t *testing.T) {
	t.Parallel()
	r := brokenRouter(t, 500, "application/json", "nope")
	r.Key = "sk-canary-0123456789abcdef"
	for _, c := range checks.Run(t.Context(), r.Probes(nil, time.Second), checks.Options{}) {
		if strings.Contains(fmt.Sprintf("%+v", c), r.Key) {
			t.Errorf("%s shows the key", c.ID)
		}
	}
}
