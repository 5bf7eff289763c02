package script_test

import (
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tidwall/gjson"

	"github.com/flowgate-go/flowgate/internal/tcp/tcptest"
)

// newerPrices is a table by which gpt-5 costs less than gpt-5-mini, which the table of the program has the other way
// round.
const newerPrices = `{
"gpt-5":{"litellm_provider":"openai","input_cost_per_token":1e-9,"output_cost_per_token":2e-9,"cache_read_input_token_cost":1e-10},
"gpt-5-mini":{"litellm_provider":"openai","input_cost_per_token":0.5,"output_cost_per_token":0.5}}`

// pricedSettings have two deployments of each group; in "own" the dear one of the newer table has a price of its own.
const pricedSettings = `model_list:
- {model_name: table, litellm_params: {model: openai/gpt-5, api_base: "http://UPSTREAM/v1", api_key: k}}
- {model_name: table, litellm_params: {model: openai/gpt-5-mini, api_base: "http://UPSTREAM/v1", api_key: k}}
- {model_name: own, litellm_params: {model: openai/gpt-5, api_base: "http://UPSTREAM/v1", api_key: k}}
- model_name: own
  litellm_params:
    {model: openai/gpt-5-mini, api_base: "http://UPSTREAM/v1", api_key: k, input_cost_per_token: 1e-12, output_cost_per_token: 1e-12}
router_settings: {routing_strategy: cost-based-routing}
general_settings: {master_key: sk-prices-0123456789}
`

// TestCostsAndTheCheapestDeploymentFollowUpdatedPrices runs the compiled router with cost-based-routing, with the
// prices of the program and with those that usage:prices has taken from a file.
func TestCostsAndTheCheapestDeploymentFollowUpdatedPrices(t *testing.T) {
	t.Parallel()
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"id":"c","object":"chat.completion","created":1,"model":"up","choices":[{"index":0,"message":`+
			`{"role":"assistant","content":"hello"},"finish_reason":"stop"}],"usage":{"prompt_tokens":1000,"completion_tokens":10,`+
			`"total_tokens":1010,"prompt_tokens_details":{"cached_tokens":900}}}`)
	}))
	t.Cleanup(upstream.Close)
	g := gateway{dir: t.TempDir(), key: "sk-prices-0123456789"}
	g.run(t, "init "+freePorts(t))
	for name, text := range map[string]string{"newer.json": newerPrices,
		"settings.yaml": strings.ReplaceAll(pricedSettings, "UPSTREAM", upstream.Listener.Addr().String())} {
		if err := os.WriteFile(filepath.Join(g.dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	const input, cached, output = 100, 900, 10
	if model, cost := g.askByPrice(t, "table"); model != "gpt-5-mini" || cost <= 0 || cost > 0.01 {
		t.Errorf("with the prices of the program: %s, $%g", model, cost)
	}
	g.run(t, "usage:prices -from=newer.json")
	for group, want := range map[string]struct {
		model string
		cost  float64
	}{
		"table": {"gpt-5", input*1e-9 + cached*1e-10 + output*2e-9},
		"own":   {"gpt-5-mini", (input + cached + output) * 1e-12},
	} {
		if model, cost := g.askByPrice(t, group); model != want.model || math.Abs(cost/want.cost-1) > 1e-6 {
			t.Errorf("%s, with newer prices: %s, $%g, want %s, $%g", group, model, cost, want.model, want.cost)
		}
	}
}

// askByPrice starts the router, asks a group four times, and returns which model was asked each time and what the
// ledger says that a request cost.
func (g gateway) askByPrice(t *testing.T, group string) (model string, cost float64) {
	t.Helper()
	port := tcptest.FreePort(t)
	router := exec.CommandContext(t.Context(), binary, "router:serve", "-settings=settings.yaml", "-usage=.router/usage",
		fmt.Sprintf("-port=%d", port))
	router.Dir = g.dir
	if err := router.Start(); err != nil {
		t.Fatal(err)
	}
	waitFor(t, "the router", func() bool {
		c, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		return err == nil && c.Close() == nil
	})
	for range 4 {
		body := strings.NewReader(`{"model":"` + group + `","messages":[{"role":"user","content":"hi"}]}`)
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost,
			fmt.Sprintf("http://127.0.0.1:%d/v1/chat/completions", port), body)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+g.key)
		res, err := http.DefaultClient.Do(req)
		if err != nil || res.StatusCode != http.StatusOK || res.Body.Close() != nil {
			t.Fatalf("%v: %v", res, err)
		}
	}
	if err := router.Process.Signal(os.Interrupt); err != nil || router.Wait() != nil {
		t.Fatalf("the end of the router: %v, %v", err, router.ProcessState)
	}
	rows := strings.Split(strings.TrimSpace(g.run(t, "usage:export")), "\n")
	rows = rows[max(0, len(rows)-4):]
	last := gjson.Parse(rows[len(rows)-1])
	for _, row := range rows {
		if got := gjson.Get(row, "model").String(); got != last.Get("model").String() {
			t.Errorf("%s: %s and %s are asked", group, got, last.Get("model"))
		}
	}
	return last.Get("model").String(), last.Get("cost").Float()
}
