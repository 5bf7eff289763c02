package litellm_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/internal/router"
	"github.com/flowgate-go/flowgate/internal/router/settings"
	"github.com/flowgate-go/flowgate/internal/subprocess"
	"github.com/flowgate-go/flowgate/test/litellm"
)

// cloudCase is a request to Bedrock or Vertex AI: an entry, and what a client sends.
type cloudCase struct {
	Route   string         `json:"route"` // chat or messages
	Model   string         `json:"model"`
	Params  map[string]any `json:"params"`
	Request string         `json:"request"` // JSON; MARK stands for the text that tells the cases apart
}

// keys are made-up credentials of AWS.
func keys(more ...string) map[string]any {
	all := map[string]any{"aws_access_key_id": "AKIDEXAMPLE", "aws_region_name": "us-east-1",
		"aws_secret_access_key": "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"}
	for i := 0; i < len(more); i += 2 {
		if all[more[i]] = more[i+1]; more[i+1] == "" {
			delete(all, more[i])
		}
	}
	return all
}

// fullChat has what most conversations have.
const fullChat = `{"messages":[{"role":"system","content":"be kind"},{"role":"user","content":[{"type":"text","text":"MARK"},
	{"type":"image_url","image_url":{"url":"data:image/png;base64,iVBORw0KGgo="}}]},
	{"role":"assistant","content":"I look","tool_calls":[{"id":"c1","type":"function","function":{"name":"Read","arguments":"{\"path\":\"a\"}"}},
	{"id":"c2","type":"function","function":{"name":"Now","arguments":"{}"}}]},
	{"role":"tool","tool_call_id":"c1","content":"text of a"},{"role":"tool","tool_call_id":"c2","content":"noon"},{"role":"user","content":"and?"}],
	"tools":[{"type":"function","function":{"name":"Read","description":"reads","parameters":{"type":"object","properties":{"path":{"type":"string"}},"required":["path"]}}}],
	"tool_choice":"auto","max_tokens":100,"temperature":0.5,"top_p":0.9,"stop":["END"],"stream":true}`

// cachedMessages has cache_control where Claude Code has it, and behind a tool.
const cachedMessages = `{"system":[{"type":"text","text":"be kind","cache_control":{"type":"ephemeral","ttl":"1h"}}],
	"messages":[{"role":"user","content":[{"type":"text","text":"MARK"}]},
	{"role":"assistant","content":[{"type":"tool_use","id":"c1","name":"Read","input":{"path":"a"}}]},
	{"role":"user","content":[{"type":"tool_result","tool_use_id":"c1","content":"text of a","cache_control":{"type":"ephemeral"}}]}],
	"tools":[{"name":"Read","description":"reads","input_schema":{"type":"object","properties":{"path":{"type":"string"}},"required":["path"]},"cache_control":{"type":"ephemeral"}}],
	"max_tokens":50}`

var cloudCases = []cloudCase{
	{"chat", "bedrock/anthropic.claude-sonnet-4-5-20250929-v1:0", keys(), `{"messages":[{"role":"user","content":"MARK"}]}`},
	{"chat", "bedrock/us.anthropic.claude-sonnet-4-5-20250929-v1:0", keys("aws_session_token", "session"), fullChat},
	{"chat", "bedrock/converse/eu.amazon.nova-pro-v1:0", keys("aws_region_name", "eu-central-1"), fullChat},
	{"chat", "bedrock/us.anthropic.claude-sonnet-4-5-20250929-v1:0", keys(), `{"messages":[{"role":"user","content":"MARK"}],
		"response_format":{"type":"json_schema","json_schema":{"name":"n","schema":{"type": "object", "properties": {}, "required": [], "additionalProperties": false}}}}`},
	{"chat", "bedrock/eu-west-1/anthropic.claude-sonnet-4-5-20250929-v1:0", keys("aws_region_name", ""),
		`{"messages":[{"role":"user","content":"MARK"}],"max_tokens":50}`},
	{"chat", "bedrock/arn:aws:bedrock:eu-central-1:123456789012:application-inference-profile/abc", keys("aws_region_name", ""),
		`{"messages":[{"role":"user","content":"MARK"}],"stream":true}`},
	{"chat", "bedrock/amazon.nova-lite-v1:0", map[string]any{"api_key": "abc-bearer", "aws_region_name": "us-east-1"},
		`{"messages":[{"role":"user","content":"MARK"}]}`},
	{"chat", "bedrock/openai.gpt-oss-120b-1:0", keys(), `{"messages":[{"role":"user","content":"MARK"}],"reasoning_effort":"low"}`},
	{"chat", "bedrock/invoke/us.anthropic.claude-sonnet-4-5-20250929-v1:0", keys(),
		`{"messages":[{"role":"user","content":"MARK"}],"max_tokens":50}`},
	{"messages", "bedrock/us.anthropic.claude-sonnet-4-5-20250929-v1:0", keys(),
		`{"messages":[{"role":"user","content":"MARK"}],"max_tokens":50,"stream":true}`},
	{"messages", "bedrock/us.anthropic.claude-sonnet-4-5-20250929-v1:0", keys("aws_session_token", "session"),
		`{"messages":[{"role":"user","content":"MARK"}],"max_tokens":50,"temperature":0.5}`},
	{"messages", "bedrock/converse/us.anthropic.claude-sonnet-4-5-20250929-v1:0", keys(),
		`{"messages":[{"role":"user","content":"MARK"}],"max_tokens":50}`},
	{"messages", "bedrock/converse/us.anthropic.claude-sonnet-4-5-20250929-v1:0", keys(), cachedMessages},
	{"messages", "bedrock/converse/us.anthropic.claude-sonnet-4-20250514-v1:0", keys(), cachedMessages},
	{"messages", "vertex_ai/claude-sonnet-4-5@20250929", vertexParams,
		`{"messages":[{"role":"user","content":"MARK"}],"max_tokens":50,"stream":false}`},
	{"messages", "vertex_ai/claude-sonnet-4-5@20250929", vertexParams,
		`{"messages":[{"role":"user","content":"MARK"}],"max_tokens":50,"stream":true}`},
	{"chat", "vertex_ai/gemini-2.5-pro", vertexParams, `{"messages":[{"role":"user","content":"MARK"}]}`},
	{"chat", "vertex_ai/gemini-2.5-flash", map[string]any{"vertex_project": "proj", "vertex_location": "global"}, fullChat},
	{"chat", "vertex_ai/meta/llama-3.3-70b-instruct-maas", vertexParams,
		`{"messages":[{"role":"user","content":"MARK"}],"stream":false}`},
}

// vertexParams are those of an entry of Vertex AI. The test adds the key of a service account.
var vertexParams = map[string]any{"vertex_project": "proj", "vertex_location": "us-east5"}

// accepted are the differences between the router's requests to Gemini at Vertex AI and LiteLLM's, and why
// they are meant.
var accepted = map[string]string{
	"path": "LiteLLM translates into Google's own interface (publishers/google/models/MODEL:generateContent); the router " +
		"sends the request as it is to the interface that is compatible with OpenAI's (endpoints/openapi/chat/completions)",
	"body": "the same: Google translates it, so that new members of requests need no new version of the router",
}

// TestRequestsToCloudsAreLiteLLMs has the real LiteLLM send requests to Bedrock and Vertex AI
// through a capturing proxy, and the router the same at the same time of the clock, and compares what
// came: the address, every header, the body, the canonical request of AWS's signature.
func TestRequestsToCloudsAreLiteLLMs(t *testing.T) {
	required(t)
	python, err := litellm.WithGoogle(t.Context(), litellm.Options{Progress: t.Output()})
	check(t, err)
	tokens := startGoogleTokens(t)
	cases := make([]cloudCase, len(cloudCases))
	for i, c := range cloudCases {
		cases[i] = c
		cases[i].Request = strings.ReplaceAll(c.Request, "MARK", fmt.Sprint("hi m-", i))
		if strings.HasPrefix(c.Model, "vertex_ai/") {
			cases[i].Params = maps.Clone(c.Params)
			cases[i].Params["vertex_credentials"] = tokens.keyFile
		}
	}
	proxy, own := startCapture(t), startCapture(t)
	failures := sendCloudCases(t, python, proxy, cases)
	theirTokens := tokens.take()
	for i, c := range cases {
		theirs, ok := proxy.firstRequest(i)
		if !ok {
			t.Errorf("%s: LiteLLM sends nothing: %s", c.Model, failures[fmt.Sprint(i)])
			continue
		}
		sendByRouter(t, c, dateOf(t, theirs), own.url)
		ours, ok := own.firstRequest(i)
		if !ok {
			t.Errorf("%s: the router sends nothing", c.Model)
			continue
		}
		ours.url = strings.Replace(ours.url, "http://", "https://", 1)
		compareCloud(t, c, ours, theirs)
		if strings.HasPrefix(theirs.header.Get("Authorization"), "AWS4") {
			compareCanonical(t, c, ours, theirs)
		}
	}
	if ours := tokens.take(); ours != theirTokens || ours == "" {
		t.Errorf("the router asks Google's token service\n%s\nLiteLLM\n%s", ours, theirTokens)
	}
}

// sendCloudCases has LiteLLM send the requests, and returns what it says of them.
func sendCloudCases(t *testing.T, python string, proxy *capture, cases []cloudCase) map[string]string {
	t.Helper()
	script, err := os.ReadFile("testdata/cloud.py")
	check(t, err)
	input, err := json.Marshal(cases)
	check(t, err)
	cmd := subprocess.Python(t.Context(), python, "-c", string(script))
	cmd.Stdin, cmd.Stderr = bytes.NewReader(input), t.Output()
	cmd.Env = append(cmd.Env, "LITELLM_LOCAL_MODEL_COST_MAP=True", "DISABLE_AIOHTTP_TRANSPORT=True",
		"HTTPS_PROXY="+proxy.url, "HTTP_PROXY="+proxy.url, "ALL_PROXY="+proxy.url, "NO_PROXY=127.0.0.1", "no_proxy=127.0.0.1",
		"SSL_CERT_FILE="+proxy.authFile, "REQUESTS_CA_BUNDLE="+proxy.authFile, "AWS_EC2_METADATA_DISABLED=true")
	out, err := cmd.Output()
	check(t, err)
	failures := map[string]string{}
	check(t, json.Unmarshal(out[strings.LastIndex(strings.TrimSpace(string(out)), "\n")+1:], &failures))
	return failures
}

// dateOf returns the time at which AWS was sent a request; now for one that is not signed.
func dateOf(t *testing.T, r captured) time.Time {
	t.Helper()
	date := r.header.Get("X-Amz-Date")
	if date == "" {
		return time.Now()
	}
	at, err := time.Parse("20060102T150405Z", date)
	check(t, err)
	return at
}

// sendByRouter has the router send a request at a time of the clock, to the address that it chose, but in the
// clear, so that the proxy sees it. A signature covers no scheme.
func sendByRouter(t *testing.T, c cloudCase, at time.Time, proxy string) {
	t.Helper()
	params := map[string]any{"model": c.Model}
	maps.Copy(params, c.Params)
	text, err := json.Marshal(map[string]any{"model_list": []any{map[string]any{"model_name": "m", "litellm_params": params}},
		"general_settings": map[string]any{"master_key": "sk-test"}})
	check(t, err)
	path := filepath.Join(t.TempDir(), "litellm.yaml")
	check(t, os.WriteFile(path, text, 0o600))
	s, err := settings.Load(path, func(name string) string { return map[string]string{"HTTP_PROXY": proxy}[name] })
	check(t, err)
	if len(s.Deployments) != 1 {
		t.Fatalf("%s: %+v", c.Model, s.Warnings)
	}
	inClear := *s.Deployments[0].Base
	inClear.Scheme = "http"
	s.Deployments[0].Base = &inClear
	handler, err := router.New(s, router.Options{Now: func() time.Time { return at }})
	check(t, err)
	body := `{"model":"m",` + strings.TrimPrefix(c.Request, "{")
	r := httptest.NewRequest(http.MethodPost, map[string]string{"chat": "/v1/chat/completions", "messages": "/v1/messages"}[c.Route],
		strings.NewReader(body))
	r.Host = "127.0.0.1"
	r.Header.Set("Authorization", "Bearer sk-test")
	r.Header.Set("Content-Type", "application/json")
	handler.ServeHTTP(httptest.NewRecorder(), r)
	check(t, handler.Close())
}

// hopHeaders are headers of the connection or of the client's library, which no cloud reads: they differ, and are not signed.
var hopHeaders = []string{"Accept", "Accept-Encoding", "Connection", "Content-Length", "User-Agent", "X-Amzn-Trace-Id"}

// compareCloud compares a request of the router with LiteLLM's.
func compareCloud(t *testing.T, c cloudCase, ours, theirs captured) {
	t.Helper()
	a, err := url.Parse(ours.url)
	check(t, err)
	b, err := url.Parse(theirs.url)
	check(t, err)
	isGemini := strings.HasPrefix(c.Model, "vertex_ai/gemini")
	for what, values := range map[string][2]string{
		"host":    {a.Host, b.Host},
		"place":   {placeOf(a.Path), placeOf(b.Path)},
		"path":    {a.RequestURI(), b.RequestURI()},
		"method":  {ours.method, theirs.method},
		"headers": {headerLines(ours.header), headerLines(theirs.header)},
		"body":    {canonicalBody(t, ours.body), canonicalBody(t, theirs.body)},
	} {
		isAccepted := isGemini && accepted[what] != ""
		if (values[0] == values[1]) == isAccepted {
			t.Errorf("%s %s: the router sends\n%s\nLiteLLM\n%s", c.Model, what, values[0], values[1])
		}
	}
}

// placeOf returns the project and the location in a path of Vertex AI's; for others, nothing.
func placeOf(path string) string {
	return regexp.MustCompile(`^/v1/projects/[^/]+/locations/[^/]+/`).FindString(path)
}

// headerLines returns the headers that a cloud reads, one on a line. The signature is compared by compareCanonical.
func headerLines(h http.Header) string {
	var lines []string
	for name, values := range h {
		if !slices.Contains(hopHeaders, name) {
			lines = append(lines, fmt.Sprint(name, ": ", signature.ReplaceAllString(strings.Join(values, ", "), "Signature=…")))
		}
	}
	return joinSorted(lines)
}

// signature matches a signature of AWS's.
var signature = regexp.MustCompile(`Signature=[0-9a-f]{64}`)

// canonicalBody returns a body with its members in order.
func canonicalBody(t *testing.T, body []byte) string {
	t.Helper()
	var v any
	if err := json.Unmarshal(body, &v); err != nil {
		t.Fatalf("%v: %s", err, body)
	}
	out, err := json.Marshal(v)
	check(t, err)
	return string(out)
}
