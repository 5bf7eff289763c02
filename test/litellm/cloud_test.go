package litellm_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/internal/router"
	"github.com/flowgate-go/flowgate/internal/router/aws"
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
	{"chat", "vertex_ai/meta/llama-3.3-70b-instruct-maas", vertexParams,
		`{"messages":[{"role":"user","content":"MARK"}],"stream":false}`},
}

// vertexParams are those of an entry of Vertex AI. The router takes the key for a token.
var vertexParams = map[string]any{"vertex_project": "proj", "vertex_location": "us-east5"}

// TestRequestsToCloudsAreLiteLLMs has the real LiteLLM send requests to Bedrock and Vertex AI
// through a capturing proxy, and the router the same to a double, and compares the path, the
// headers that count and the body. The router's signer must make the same signature of
// LiteLLM's request as LiteLLM: so their canonical requests are the same, byte by byte.
func TestRequestsToCloudsAreLiteLLMs(t *testing.T) {
	t.Parallel()
	required(t)
	bin, err := litellm.Venv(t.Context(), litellm.Options{Progress: t.Output()})
	check(t, err)
	cases := make([]cloudCase, len(cloudCases))
	for i, c := range cloudCases {
		cases[i] = c
		cases[i].Request = strings.ReplaceAll(c.Request, "MARK", fmt.Sprint("hi m-", i))
	}
	proxy := startCapture(t)
	failures := sendCloudCases(t, bin, proxy, cases)
	for i, c := range cases {
		theirs, ok := proxy.firstRequest(i)
		if !ok {
			t.Errorf("%s: LiteLLM sends nothing: %s", c.Model, failures[fmt.Sprint(i)])
			continue
		}
		ours := sendByRouter(t, c)
		compareCloud(t, c, ours, theirs)
		if strings.HasPrefix(theirs.header.Get("Authorization"), "AWS4") {
			checkSignature(t, c, theirs)
		}
	}
}

// sendCloudCases has LiteLLM send the requests, and returns what it says of them.
func sendCloudCases(t *testing.T, bin string, proxy *capture, cases []cloudCase) map[string]string {
	t.Helper()
	script, err := os.ReadFile("testdata/cloud.py")
	check(t, err)
	input, err := json.Marshal(cases)
	check(t, err)
	cmd := subprocess.Python(t.Context(), filepath.Join(filepath.Dir(bin), "python"), "-c", string(script))
	cmd.Stdin, cmd.Stderr = bytes.NewReader(input), t.Output()
	cmd.Env = append(cmd.Env, "LITELLM_LOCAL_MODEL_COST_MAP=True", "DISABLE_AIOHTTP_TRANSPORT=True",
		"HTTPS_PROXY="+proxy.url, "HTTP_PROXY="+proxy.url, "ALL_PROXY="+proxy.url, "NO_PROXY=", "no_proxy=",
		"SSL_CERT_FILE="+proxy.authFile, "REQUESTS_CA_BUNDLE="+proxy.authFile, "AWS_EC2_METADATA_DISABLED=true")
	out, err := cmd.Output()
	check(t, err)
	failures := map[string]string{}
	check(t, json.Unmarshal(out[strings.LastIndex(strings.TrimSpace(string(out)), "\n")+1:], &failures))
	return failures
}

// sendByRouter has the router send a request to a double, whose address replaces the cloud's.
func sendByRouter(t *testing.T, c cloudCase) (got captured) {
	t.Helper()
	var mu sync.Mutex
	up := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body) // what was read is compared
		mu.Lock()
		defer mu.Unlock()
		got = captured{r.Method, r.URL.RequestURI(), r.Header, body}
		w.WriteHeader(http.StatusBadRequest)
	}))
	defer up.Close()
	params := map[string]any{"model": c.Model}
	for key, value := range c.Params {
		params[key] = value
	}
	if strings.HasPrefix(c.Model, "vertex_ai/") {
		params["api_key"] = "a-token"
	}
	text, err := json.Marshal(map[string]any{"model_list": []any{map[string]any{"model_name": "m", "litellm_params": params}},
		"general_settings": map[string]any{"master_key": "sk-test"}})
	check(t, err)
	path := filepath.Join(t.TempDir(), "litellm.yaml")
	check(t, os.WriteFile(path, text, 0o600))
	s, err := settings.Load(path, func(string) string { return "" })
	check(t, err)
	if len(s.Deployments) != 1 {
		t.Fatalf("%s: %+v", c.Model, s.Warnings)
	}
	moved := *s.Deployments[0].Base
	moved.Scheme, moved.Host = "http", strings.TrimPrefix(up.URL, "http://")
	s.Deployments[0].Base = &moved
	handler, err := router.New(s, router.Options{})
	check(t, err)
	body := `{"model":"m",` + strings.TrimPrefix(c.Request, "{")
	r := httptest.NewRequest(http.MethodPost, map[string]string{"chat": "/v1/chat/completions", "messages": "/v1/messages"}[c.Route],
		strings.NewReader(body))
	r.Host = "127.0.0.1"
	r.Header.Set("Authorization", "Bearer sk-test")
	r.Header.Set("Content-Type", "application/json")
	handler.ServeHTTP(httptest.NewRecorder(), r)
	check(t, handler.Close())
	mu.Lock()
	defer mu.Unlock()
	return got
}

// scope matches what differs between two signatures of the same kind.
var scope = regexp.MustCompile(`/\d{8}/|Signature=[0-9a-f]{64}`)

// compareCloud compares a request of the router with LiteLLM's.
func compareCloud(t *testing.T, c cloudCase, ours, theirs captured) {
	t.Helper()
	u, err := url.Parse(theirs.url)
	check(t, err)
	for what, values := range map[string][2]string{
		"path":          {ours.url, u.RequestURI()},
		"method":        {ours.method, theirs.method},
		"type":          {ours.header.Get("Content-Type"), theirs.header.Get("Content-Type")},
		"authorization": {scope.ReplaceAllString(ours.header.Get("Authorization"), "…"), scope.ReplaceAllString(theirs.header.Get("Authorization"), "…")},
		"session token": {ours.header.Get("X-Amz-Security-Token"), theirs.header.Get("X-Amz-Security-Token")},
		"body":          {canonicalBody(t, ours.body), canonicalBody(t, theirs.body)},
	} {
		if values[0] != values[1] {
			t.Errorf("%s %s: the router sends\n%s\nLiteLLM\n%s", c.Model, what, values[0], values[1])
		}
	}
}

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

// checkSignature signs LiteLLM's request again, at its time, with the router's signer.
func checkSignature(t *testing.T, c cloudCase, theirs captured) {
	t.Helper()
	at, err := time.Parse("20060102T150405Z", theirs.header.Get("X-Amz-Date"))
	check(t, err)
	u, err := url.Parse(theirs.url)
	check(t, err)
	text := func(key string) string { value, _ := c.Params[key].(string); return value }
	region := strings.Split(theirs.header.Get("Authorization"), "/")[2]
	signer := aws.New(aws.Access{Region: region, AccessKeyID: text("aws_access_key_id"), Getenv: func(string) string { return "" },
		SecretAccessKey: text("aws_secret_access_key"), SessionToken: text("aws_session_token")})
	header := http.Header{"Content-Type": {"application/json"}}
	check(t, signer.Authorize(t.Context(), at, u, theirs.body, header))
	if ours := header.Get("Authorization"); ours != theirs.header.Get("Authorization") {
		t.Errorf("%s: the router signs\n%s\nLiteLLM\n%s", c.Model, ours, theirs.header.Get("Authorization"))
	}
}
