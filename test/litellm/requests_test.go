package litellm_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tidwall/gjson"

	"github.com/flowgate-go/flowgate/internal/router/deployment"
	"github.com/flowgate-go/flowgate/internal/router/dialect"
	"github.com/flowgate-go/flowgate/internal/router/provider"
	"github.com/flowgate-go/flowgate/internal/router/settings"
	"github.com/flowgate-go/flowgate/internal/subprocess"
	"github.com/flowgate-go/flowgate/test/litellm"
)

// providerKey is the key of every request.
const providerKey = "key-of-the-test"

// ownBase is the address of providers that have none of their own.
const ownBase = "http://upstream.test/v1"

// providerCase is one route of one provider.
type providerCase struct {
	Prefix string `json:"prefix"`
	Route  string `json:"route"`
	Base   string `json:"base,omitempty"`
}

// routeDialects are the dialects by which the routes of the table are compared.
var routeDialects = map[string]dialect.Dialect{
	"chat": dialect.Chat, "responses": dialect.Responses, "messages": dialect.Messages, "completions": dialect.Completions,
	"embeddings": dialect.Embeddings, "images": dialect.ImageGenerations, "speech": dialect.Speech,
	"transcriptions": dialect.Transcriptions, "rerank": dialect.Rerank, "moderations": dialect.Moderations,
}

// providerCases returns every route that the table says a provider serves itself.
func providerCases() (cases []providerCase) {
	for _, prefix := range provider.Names() {
		p, _ := provider.Find(prefix)
		if p.Cloud != "" { // cloud_test.go compares these
			continue
		}
		base := ""
		if p.Base == "" {
			base = ownBase
		}
		for _, route := range p.Speaks {
			if route == provider.Audio {
				cases = append(cases, providerCase{prefix, "speech", base})
				route = "transcriptions"
			}
			if _, ok := routeDialects[route]; ok {
				cases = append(cases, providerCase{prefix, route, base})
			}
		}
	}
	return cases
}

// TestRequestsGoWhereLiteLLMSendsThem has the real LiteLLM send a request on every route
// of every provider through a capturing proxy, and compares address, place of the key
// and the name of the reply's limit with what the router would send. Differences stand in
// testdata/differences.txt with their reasons.
func TestRequestsGoWhereLiteLLMSendsThem(t *testing.T) {
	t.Parallel()
	required(t)
	bin, err := litellm.Venv(t.Context(), litellm.Options{Progress: t.Output()})
	check(t, err)
	cases := providerCases()
	proxy := startCapture(t)
	failures := sendByLiteLLM(t, bin, proxy, cases)
	known := readDifferences(t)
	same := 0
	for i, c := range cases {
		name := c.Prefix + " " + c.Route
		got, ok := proxy.firstRequest(i)
		difference := "LiteLLM sends nothing: " + failures[name]
		if ok {
			difference = compareRequest(t, i, c, got)
		}
		reason, isKnown := known[name]
		delete(known, name)
		switch {
		case difference == "" && isKnown:
			t.Errorf("%s does not differ any more: %s", name, reason)
		case difference != "" && !isKnown:
			t.Errorf("%s: %s", name, difference)
		case difference == "":
			same++
		}
	}
	for name := range known {
		t.Errorf("testdata/differences.txt has %q, which is no case", name)
	}
	t.Logf("%d of %d requests are the same", same, len(cases))
}

// sendByLiteLLM has LiteLLM send the requests, and returns what it says of them.
func sendByLiteLLM(t *testing.T, bin string, proxy *capture, cases []providerCase) map[string]string {
	t.Helper()
	script, err := os.ReadFile("testdata/requests.py")
	check(t, err)
	input, err := json.Marshal(cases)
	check(t, err)
	cmd := subprocess.Python(t.Context(), filepath.Join(filepath.Dir(bin), "python"), "-c", string(script))
	cmd.Stdin, cmd.Stderr = bytes.NewReader(input), t.Output()
	cmd.Env = append(cmd.Env, "LITELLM_LOCAL_MODEL_COST_MAP=True", "DISABLE_AIOHTTP_TRANSPORT=True",
		"HTTPS_PROXY="+proxy.url, "HTTP_PROXY="+proxy.url, "ALL_PROXY="+proxy.url, "NO_PROXY=", "no_proxy=",
		"SSL_CERT_FILE="+proxy.authFile, "REQUESTS_CA_BUNDLE="+proxy.authFile)
	out, err := cmd.Output()
	check(t, err)
	failures := map[string]string{}
	check(t, json.Unmarshal(out[strings.LastIndex(strings.TrimSpace(string(out)), "\n")+1:], &failures))
	return failures
}

// readDifferences returns the deliberate differences and their reasons, by case.
func readDifferences(t *testing.T) map[string]string {
	t.Helper()
	text, err := os.ReadFile("testdata/differences.txt")
	check(t, err)
	all := map[string]string{}
	for line := range strings.Lines(string(text)) {
		if name, reason, ok := strings.Cut(strings.TrimSpace(line), ": "); ok && !strings.HasPrefix(line, "#") {
			prefix, routes, _ := strings.Cut(name, " ")
			for route := range strings.FieldsSeq(routes) {
				all[prefix+" "+route] = reason
			}
		}
	}
	return all
}

// compareRequest returns how a request of LiteLLM differs from the router's; "" when it
// does not.
func compareRequest(t *testing.T, number int, c providerCase, theirs captured) string {
	t.Helper()
	entry := fmt.Sprintf("model: %s/m-%d, api_key: %s, api_version: 2024-10-21", c.Prefix, number, providerKey)
	if c.Prefix != "azure" {
		entry = strings.TrimSuffix(entry, ", api_version: 2024-10-21")
	}
	if c.Base != "" {
		entry += ", api_base: " + c.Base
	}
	path := filepath.Join(t.TempDir(), "litellm.yaml")
	check(t, os.WriteFile(path, []byte("model_list: [{model_name: m, litellm_params: {"+entry+
		"}}]\ngeneral_settings: {master_key: sk-test}\n"), 0o600))
	s, err := settings.Load(path, func(string) string { return "" })
	check(t, err)
	if len(s.Deployments) != 1 {
		return fmt.Sprintf("the router has no deployment: %+v", s.Warnings)
	}
	d := deployment.New(s.Deployments[0])
	in := routeDialects[c.Route]
	out, ok := d.OutgoingDialect(in)
	if !ok || out != in {
		return fmt.Sprintf("the router does not send it natively but as %s", out)
	}
	var differences []string
	note := func(what, ours, theirs string) {
		if ours != theirs {
			differences = append(differences, fmt.Sprintf("%s: LiteLLM %q, the router %q", what, theirs, ours))
		}
	}
	note("address", d.URL(in, false, "").String(), theirs.url)
	note("key", keyHeaders(d.HeaderFor(in, http.Header{}, "")), keyHeaders(theirs.header))
	if c.Route == "chat" {
		ours := "max_completion_tokens"
		if d.ReplacementName(in) != "" {
			ours = d.ReplacementName(in)
		}
		note("limit", ours, limitName(theirs.body))
	}
	return strings.Join(differences, "; ")
}

// limitName returns the name that the limit of a reply has in a request.
func limitName(body []byte) string {
	for _, name := range []string{"max_completion_tokens", "max_tokens"} {
		if gjson.GetBytes(body, name).Exists() {
			return name
		}
	}
	return ""
}

// joinSorted joins lines in their order.
func joinSorted(lines []string) string {
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}
