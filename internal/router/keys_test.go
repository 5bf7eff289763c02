package router_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/samber/lo"
	"github.com/tidwall/gjson"

	"github.com/flowgate-go/flowgate/internal/clientkey"
	"github.com/flowgate-go/flowgate/internal/router"
	"github.com/flowgate-go/flowgate/internal/router/keylimit"
	"github.com/flowgate-go/flowgate/internal/router/routertest"
	"github.com/flowgate-go/flowgate/internal/router/state"
	"github.com/flowgate-go/flowgate/internal/usage/record"
)

// twoGroups has the groups m and n, and an alias of each.
const twoGroups = `model_list:
  - {model_name: m, litellm_params: {model: openai/up-model, api_base: http://UP/v1, api_key: k-up}, model_info: {id: id-m}}
  - {model_name: n, litellm_params: {model: openai/up-n, api_base: http://UP/v1, api_key: k-up}, model_info: {id: id-n}}
router_settings: {model_group_alias: {alias-m: m, alias-n: n}}
general_settings: {master_key: sk-test}
`

// keyed is a router with named keys.
type keyed struct {
	*routertest.Stack
	keys clientkey.Store
	rows *rows
	t    *testing.T
}

// startKeyed starts a router with twoGroups.
func startKeyed(t *testing.T) *keyed {
	t.Helper()
	k, opts := newKeyed(t)
	k.Stack = routertest.Start(t, twoGroups, opts)
	return k
}

// newKeyed returns a keyed without its router, and the options for that. A request costs half a dollar, if
// its tokens are known.
func newKeyed(t *testing.T) (*keyed, router.Options) {
	t.Helper()
	k := &keyed{keys: clientkey.Store{Folder: t.TempDir()}, rows: &rows{}, t: t}
	limiter := keylimit.Open(k.keys.Folder, keylimit.Options{Interval: 2 * time.Millisecond})
	t.Cleanup(func() { _ = limiter.Close() })
	return k, router.Options{Keys: limiter, Recorder: func(r *record.Request) {
		if r.Tokens.Known {
			r.Cost, r.CostKnown = 0.5, true
		}
		limiter.Count(r)
		k.rows.add(r)
	}}
}

// create makes a key, and waits until the router accepts or refuses it as such.
func (k *keyed) create(alias string, l clientkey.Limits) string {
	k.t.Helper()
	issued, err := k.keys.Create(k.t.Context(), alias, l)
	if err != nil {
		k.t.Fatal(err)
	}
	routertest.Eventually(k.t, "the key is known", func() bool {
		return !strings.Contains(k.Send("GET", "/v1/models", "", bearer(issued.Key)).Body, "Invalid api key")
	})
	return issued.Key
}

// bearer returns the header with a key.
func bearer(key string) map[string]string { return map[string]string{"Authorization": "Bearer " + key} }

// chatBody is a request for a model.
func chatBody(model string) string {
	return `{"model":"` + model + `","max_tokens":1,"messages":[{"role":"user","content":"hi"}]}`
}

func TestANamedKeyWorksInEverySlotAndNamesTheClient(t *testing.T) {
	t.Parallel()
	k := startKeyed(t)
	key := k.create("laptop", clientkey.Limits{})
	slots := []map[string]string{bearer(key), {"x-api-key": key}, {"api-key": key}, {"x-goog-api-key": key},
		{"x-litellm-api-key": "Bearer " + key}, {"Ocp-Apim-Subscription-Key": key}}
	for i, header := range slots {
		if header["Authorization"] == "" {
			header["Authorization"] = ""
		}
		if got := k.Send("POST", "/v1/chat/completions", chatBody("m"), header); got.Status != 200 {
			t.Errorf("%v: %d %s", header, got.Status, got.Body)
		}
		if row := k.rows.last(t, i+1); row.Client != "laptop" {
			t.Errorf("client %q", row.Client)
		}
	}
	google := k.Send("POST", "/v1beta/models/m:generateContent?key="+key,
		`{"contents":[{"role":"user","parts":[{"text":"hi"}]}]}`, map[string]string{"Authorization": ""})
	if google.Status != 200 {
		t.Errorf("?key=: %d %s", google.Status, google.Body)
	}
	if got := k.Chat("m"); got.Status != 200 || k.rows.last(t, len(slots)+2).Client != record.Gateway {
		t.Errorf("the gateway key: %d", got.Status)
	}
}

func TestAKeyThatIsNoLongerValidTellsItsHolder(t *testing.T) {
	t.Parallel()
	k := startKeyed(t)
	revoked := k.create("revoked", clientkey.Limits{})
	expired := k.create("expired", clientkey.Limits{Expires: lo.ToPtr(time.Now().Add(50 * time.Millisecond))})
	if _, err := k.keys.Revoke(t.Context(), "revoked"); err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]string{revoked: "was revoked", expired: "Expired Key"} {
		var got routertest.Reply
		routertest.Eventually(t, want, func() bool {
			got = k.Send("POST", "/v1/messages", chatBody("m"), bearer(key))
			return got.Status == 401
		})
		if !strings.Contains(got.Body, want) || !strings.HasPrefix(got.Body, `{"type":"error","error":{"type":"authentication_error"`) {
			t.Errorf("%d %s", got.Status, got.Body)
		}
		if got := k.Send("POST", "/v1/messages", chatBody("m"), bearer(key[:len(key)-1]+"x")); strings.Contains(got.Body, want) {
			t.Errorf("told to somebody else: %s", got.Body)
		}
		both := bearer(key)
		both["x-api-key"] = "sk-test"
		if got := k.Send("GET", "/v1/models", "", both); got.Status != 200 {
			t.Errorf("a valid key in another header: %d", got.Status)
		}
	}
}

func TestAKeyAsksOnlyForItsModels(t *testing.T) {
	t.Parallel()
	k := startKeyed(t)
	key := k.create("only-m", clientkey.Limits{Models: []string{"m"}})
	for model, want := range map[string]int{"m": 200, "alias-m": 200, "n": 403, "alias-n": 403, "nosuch": 403,
		"openai/up-n": 403} {
		for _, path := range []string{"/v1/chat/completions", "/v1/messages", "/v1/messages/count_tokens"} {
			got := k.Send("POST", path, chatBody(model), bearer(key))
			if got.Status != want || want == 403 && !strings.Contains(got.Body, "is not available for this API key") {
				t.Errorf("%s %s: %d %s", path, model, got.Status, got.Body)
			}
		}
	}
	got := k.Send("POST", "/v1/chat/completions", `{"model":"m","fallbacks":["n"],"messages":[]}`, bearer(key))
	if got.Status != 403 || gjson.Get(got.Body, "error.type").String() != "key_model_access_denied" ||
		gjson.Get(got.Body, "error.param").String() != "model" || gjson.Get(got.Body, "error.code").String() != "403" {
		t.Errorf("a fallback of the client: %d %s", got.Status, got.Body)
	}
	for _, path := range []string{"/v1/models", "/model/info", "/model_group/info", "/v1/models?client_version=1",
		"/v1beta/models"} {
		got := k.Send("GET", path, "", bearer(key))
		if got.Status != 200 || strings.Contains(got.Body, `"n"`) || strings.Contains(got.Body, "alias-n") ||
			strings.Contains(got.Body, "models/n") || !strings.Contains(got.Body, `m"`) {
			t.Errorf("%s: %d %s", path, got.Status, got.Body)
		}
	}
	for path, want := range map[string]int{"/v1/models/m": 200, "/v1/models/n": 404, "/v1beta/models/n": 404} {
		if got := k.Send("GET", path, "", bearer(key)); got.Status != want {
			t.Errorf("%s: %d", path, got.Status)
		}
	}
}

func TestOnlyAKeyThatNamesTheRouteSeesOtherClients(t *testing.T) {
	t.Parallel()
	k := startKeyed(t)
	plain := k.create("plain", clientkey.Limits{})
	scraper := k.create("scraper", clientkey.Limits{AllowedRoutes: []string{state.Path}})
	for _, c := range []struct {
		key, method, path string
		want              int
	}{{plain, "GET", state.Path, 403}, {scraper, "GET", state.Path, 200}, {"sk-test", "GET", state.Path, 200},
		{scraper, "POST", "/v1/chat/completions", 403}, {scraper, "GET", "/v1/models", 403}} {
		if got := k.Send(c.method, c.path, chatBody("m"), bearer(c.key)); got.Status != c.want {
			t.Errorf("%s: %d, want %d: %s", c.path, got.Status, c.want, got.Body)
		}
	}
}

func TestALimitIsAnsweredInTheClientsDialect(t *testing.T) {
	t.Parallel()
	k := startKeyed(t)
	key := k.create("a", clientkey.Limits{RPM: lo.ToPtr[int64](1), Models: []string{"m"}})
	first := k.Send("POST", "/v1/chat/completions", chatBody("m"), bearer(key))
	if first.Status != 200 || first.Header.Get("x-ratelimit-api_key-remaining-requests") != "0" ||
		first.Header.Get("x-ratelimit-api_key-limit-requests") != "1" {
		t.Fatalf("%d %v", first.Status, first.Header)
	}
	for path, kind := range map[string]string{"/v1/chat/completions": "throttling_error", "/v1/messages": "rate_limit_error"} {
		got := k.Send("POST", path, chatBody("m"), bearer(key))
		if got.Status != http.StatusTooManyRequests || gjson.Get(got.Body, "error.type").String() != kind ||
			got.Header.Get("Retry-After") == "" || got.Header.Get("X-Ratelimit-Remaining-Requests") != "0" ||
			!strings.Contains(got.Body, "Rate limit exceeded for api_key: a. Limit type: requests. Current limit: 1, Remaining: 0") {
			t.Errorf("%s: %d %v %s", path, got.Status, got.Header, got.Body)
		}
	}
	if row := k.rows.last(t, 3); row.Status != 429 || row.Client != "a" || row.Attempts != 0 {
		t.Errorf("%+v", row)
	}
	if got := k.Send("POST", "/v1/messages/count_tokens", chatBody("m"), bearer(key)); got.Status != 200 {
		t.Errorf("counting tokens: %d", got.Status)
	}
	if got := k.Chat("m"); got.Status != 200 || got.Header.Get("x-ratelimit-api_key-limit-requests") != "" {
		t.Errorf("the gateway key: %d", got.Status)
	}
}

func TestASpentBudgetIsAnsweredOnEveryRoute(t *testing.T) {
	t.Parallel()
	k := startKeyed(t)
	key := k.create("a", clientkey.Limits{MaxBudget: lo.ToPtr(0.5)})
	if got := k.Send("POST", "/v1/chat/completions", chatBody("m"), bearer(key)); got.Status != 200 {
		t.Fatalf("%d %s", got.Status, got.Body)
	}
	k.rows.last(t, 1)
	for _, path := range []string{"/v1/chat/completions", "/v1/messages", "/v1/responses"} {
		got := k.Send("POST", path, chatBody("m"), bearer(key))
		if got.Status != 429 || gjson.Get(got.Body, "error.type").String() != "budget_exceeded" ||
			got.Header.Get("X-Should-Retry") != "false" ||
			!strings.Contains(got.Body, "Budget has been exceeded! Key=a Current cost: 0.5, Max budget: 0.5") {
			t.Errorf("%s: %d %v %s", path, got.Status, got.Header, got.Body)
		}
	}
	if n := len(k.Upstream.Calls()); n != 1 {
		t.Errorf("%d requests went upstream", n)
	}
}

func TestAFailedRequestGivesItsPlaceBack(t *testing.T) {
	t.Parallel()
	k := startKeyed(t)
	key := k.create("a", clientkey.Limits{MaxParallel: lo.ToPtr[int64](1)})
	for _, body := range []string{"{", `{"model":"nosuch","messages":[]}`, chatBody("m"), chatBody("m")} {
		if got := k.Send("POST", "/v1/chat/completions", body, bearer(key)); got.Status == 429 {
			t.Errorf("%s: %s", body, got.Body)
		}
	}
}

// TestALimitOfTokensHoldsForStreamsThatTellNone has clients not ask for the usage: they choose that, and must not get
// around a limit by it.
func TestALimitOfTokensHoldsForStreamsThatTellNone(t *testing.T) {
	t.Parallel()
	k, opts := newKeyed(t)
	k.Stack = routertest.StartBefore(t, twoGroups, opts, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		chunk := `data: {"id":"1","object":"chat.completion.chunk","choices":[{"index":0,"delta":{"content":"x"},"finish_reason":%s}]}`
		_, _ = fmt.Fprintf(w, chunk+"\n\n"+chunk+"\n\ndata: [DONE]\n\n", "null", `"stop"`)
	})
	stream, asked := strings.Replace(chatBody("m"), "{", `{"stream":true,`, 1), 0
	for alias, l := range map[string]clientkey.Limits{"tokens": {TPM: lo.ToPtr[int64](1)}, "dollars": {MaxBudget: lo.ToPtr(0.5)},
		"free": {}} {
		key, isLimited := k.create(alias, l), alias != "free"
		if got := k.Send("POST", "/v1/chat/completions", stream, bearer(key)); got.Status != 200 {
			t.Fatalf("%s: %d %s", alias, got.Status, got.Body)
		}
		row := k.rows.last(t, asked+1)
		if isCounted := row.Tokens.Estimated && row.Tokens.Input > 0 && row.Tokens.Output > 0; isCounted != isLimited ||
			row.Tokens.Known != isLimited {
			t.Errorf("%s: %+v", alias, row.Tokens)
		}
		want := map[bool]int{true: 429, false: 200}[isLimited]
		if got := k.Send("POST", "/v1/chat/completions", stream, bearer(key)); got.Status != want {
			t.Errorf("%s: the next one is answered %d", alias, got.Status)
		}
		asked += 2
		k.rows.last(t, asked)
	}
}
