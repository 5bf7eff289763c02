package router_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws/protocol/eventstream"

	"github.com/flowgate-go/flowgate/internal/router"
	"github.com/flowgate-go/flowgate/internal/router/routertest"
)

// cloudFrame returns a frame of AWS's event stream.
func cloudFrame(kind, payload string) []byte {
	m := eventstream.Message{Payload: []byte(payload)}
	m.Headers.Set(":message-type", eventstream.StringValue("event"))
	m.Headers.Set(":event-type", eventstream.StringValue(kind))
	if strings.HasSuffix(kind, "Exception") {
		m.Headers.Set(":message-type", eventstream.StringValue("exception"))
		m.Headers.Set(":exception-type", eventstream.StringValue(kind))
	}
	var b bytes.Buffer
	_ = eventstream.NewEncoder().Encode(&b, m) // to memory, it cannot fail
	return b.Bytes()
}

// chunkFrame returns a frame with an event of Anthropic's.
func chunkFrame(event string) []byte {
	return cloudFrame("chunk", `{"bytes":"`+base64.StdEncoding.EncodeToString([]byte(event))+`"}`)
}

// helloFrames is a stream of Converse that says hello.
var helloFrames = [][]byte{cloudFrame("messageStart", `{"role":"assistant"}`),
	cloudFrame("contentBlockDelta", `{"contentBlockIndex":0,"delta":{"text":"hel"}}`),
	cloudFrame("contentBlockDelta", `{"contentBlockIndex":0,"delta":{"text":"lo"}}`),
	cloudFrame("contentBlockStop", `{"contentBlockIndex":0}`), cloudFrame("messageStop", `{"stopReason":"end_turn"}`),
	cloudFrame("metadata", `{"usage":{"inputTokens":3,"outputTokens":2,"totalTokens":5}}`)}

// cloudDouble is a double of Bedrock or Vertex AI, which keeps the last request.
type cloudDouble struct {
	mu     sync.Mutex
	path   string
	header http.Header
	body   string
	asked  int
}

// note keeps a request.
func (c *cloudDouble) note(r *http.Request) {
	body, _ := io.ReadAll(r.Body) // what was read is compared
	c.mu.Lock()
	defer c.mu.Unlock()
	c.path, c.header, c.body, c.asked = r.URL.RequestURI(), r.Header.Clone(), string(body), c.asked+1
}

// serve answers requests of each kind with hello.
func (c *cloudDouble) serve(w http.ResponseWriter, r *http.Request) {
	c.note(r)
	const message = `{"id":"msg_1","type":"message","role":"assistant","model":"up","content":[{"type":"text","text":"hello"}],` +
		`"stop_reason":"end_turn","stop_sequence":null,"usage":{"input_tokens":3,"output_tokens":2}}`
	events := []string{`{"type":"message_start","message":{"id":"msg_1","type":"message","role":"assistant","model":"up","content":[],` +
		`"stop_reason":null,"usage":{"input_tokens":3,"output_tokens":1}}}`,
		`{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}`,
		`{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"hello"}}`,
		`{"type":"content_block_stop","index":0}`,
		`{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":2}}`, `{"type":"message_stop"}`}
	path := r.URL.Path
	switch {
	case strings.HasSuffix(path, "/converse"):
		fmt.Fprint(w, `{"output":{"message":{"role":"assistant","content":[{"text":"hello"}]}},"stopReason":"end_turn",`+
			`"usage":{"inputTokens":3,"outputTokens":2,"totalTokens":5}}`)
	case strings.HasSuffix(path, "/converse-stream"):
		w.Header().Set("Content-Type", "application/vnd.amazon.eventstream")
		_, _ = w.Write(bytes.Join(helloFrames, nil)) // an error means that the router left
	case strings.HasSuffix(path, "/invoke-with-response-stream"):
		w.Header().Set("Content-Type", "application/vnd.amazon.eventstream")
		for _, event := range events {
			_, _ = w.Write(chunkFrame(event)) // an error means that the router left
		}
	case strings.HasSuffix(path, ":streamRawPredict"):
		w.Header().Set("Content-Type", "text/event-stream")
		for _, event := range events {
			var typed struct{ Type string }
			_ = json.Unmarshal([]byte(event), &typed)
			fmt.Fprintf(w, "event: %s\ndata: %s\n\n", typed.Type, event)
		}
	case strings.HasSuffix(path, "/chat/completions"):
		fmt.Fprint(w, `{"id":"c","object":"chat.completion","model":"up","choices":[{"index":0,"finish_reason":"stop",`+
			`"message":{"role":"assistant","content":"hello"}}],"usage":{"prompt_tokens":3,"completion_tokens":2,"total_tokens":5}}`)
	case strings.HasSuffix(path, ":generateContent"):
		fmt.Fprint(w, `{"candidates":[{"content":{"role":"model","parts":[{"text":"hello"}]},"finishReason":"STOP"}]}`)
	default:
		fmt.Fprint(w, message)
	}
}

// clouds has an entry of every kind. TOKEN stands for a service account's JSON file.
const clouds = `model_list:
  - {model_name: nova, litellm_params: {model: bedrock/us.amazon.nova-pro-v1:0, KEYS, temperature: 0.5}}
  - {model_name: claude, litellm_params: {model: bedrock/us.anthropic.claude-x-v1:0, KEYS}}
  - {model_name: invoke, litellm_params: {model: bedrock/invoke/us.anthropic.claude-x-v1:0, KEYS}}
  - {model_name: bearer, litellm_params: {model: bedrock/amazon.nova-pro-v1:0, aws_region_name: us-east-1, api_key: abc-bearer,
      aws_bedrock_runtime_endpoint: "http://UP"}}
  - {model_name: vclaude, litellm_params: {model: vertex_ai/claude-x@1, vertex_project: p, vertex_location: us-east5,
      vertex_credentials: TOKEN, api_base: "http://UP"}}
  - {model_name: vgemini, litellm_params: {model: vertex_ai/gemini-x, vertex_project: p, vertex_credentials: TOKEN, api_base: "http://UP"}}
general_settings: {master_key: sk-test}
`

// awsKeys are the parameters of an entry with keys of its own.
const awsKeys = `aws_region_name: us-east-1, aws_access_key_id: AKIDEXAMPLE, aws_secret_access_key: s3cr3tkey, ` +
	`aws_bedrock_runtime_endpoint: "http://UP"`

// startClouds runs a router before a double of both clouds.
func startClouds(t *testing.T, serve http.HandlerFunc) *routertest.Stack {
	t.Helper()
	tokens := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, `{"access_token":"ya29.vertex-token","token_type":"Bearer","expires_in":3600,"issued_token_type":"x"}`)
	}))
	t.Cleanup(tokens.Close)
	dir := t.TempDir()
	subject := filepath.Join(dir, "subject")
	file := filepath.Join(dir, "workload.json")
	text := fmt.Sprintf(`{"type":"external_account","audience":"a","subject_token_type":"t","token_url":%q,"credential_source":{"file":%q}}`,
		tokens.URL, subject)
	for path, content := range map[string]string{subject: "subject", file: text} {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	yaml := strings.NewReplacer("KEYS", awsKeys, "TOKEN", file).Replace(clouds)
	return routertest.StartBefore(t, yaml, router.Options{}, serve)
}

func TestEachDialectReachesBedrockAndVertexAI(t *testing.T) {
	t.Parallel()
	const signed = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/"
	for _, c := range []struct {
		model, route, body, path string
		authorization            string
		sent                     string // what the cloud gets
	}{
		{"nova", "/v1/chat/completions", `"messages":[{"role":"user","content":"hi"}]`, "/model/us.amazon.nova-pro-v1%3A0/converse", signed,
			`{"messages":[{"role":"user","content":[{"text":"hi"}]}],"inferenceConfig":{"temperature":0.5}}`},
		{"nova", "/v1/chat/completions", `"stream":true,"messages":[{"role":"user","content":"hi"}]`, "/model/us.amazon.nova-pro-v1%3A0/converse-stream", signed, ""},
		{"nova", "/v1/messages", `"stream":true,"max_tokens":9,"messages":[{"role":"user","content":"hi"}]`, "/model/us.amazon.nova-pro-v1%3A0/converse-stream", signed,
			`{"messages":[{"role":"user","content":[{"text":"hi"}]}],"inferenceConfig":{"maxTokens":9,"temperature":0.5}}`},
		{"nova", "/v1/responses", `"stream":true,"input":"hi"`, "/model/us.amazon.nova-pro-v1%3A0/converse-stream", signed, ""},
		{"claude", "/v1/chat/completions", `"messages":[{"role":"user","content":"hi"}]`, "/model/us.anthropic.claude-x-v1%3A0/converse", signed, ""},
		{"claude", "/v1/messages", `"max_tokens":9,"container":"x","messages":[{"role":"user","content":"hi"}]`, "/model/us.anthropic.claude-x-v1:0/invoke", signed,
			`{"max_tokens":9,"messages":[{"role":"user","content":"hi"}],"anthropic_version":"bedrock-2023-05-31","anthropic_beta":["context-1m-2025-08-07"]}`},
		{"claude", "/v1/messages", `"stream":true,"max_tokens":9,"messages":[{"role":"user","content":"hi"}]`, "/model/us.anthropic.claude-x-v1:0/invoke-with-response-stream", signed, ""},
		{"invoke", "/v1/chat/completions", `"stream":true,"messages":[{"role":"user","content":"hi"}]`, "/model/us.anthropic.claude-x-v1:0/invoke-with-response-stream", signed, ""},
		{"bearer", "/v1/chat/completions", `"messages":[{"role":"user","content":"hi"}]`, "/model/amazon.nova-pro-v1%3A0/converse", "Bearer abc-bearer", ""},
		{"vclaude", "/v1/messages", `"max_tokens":9,"messages":[{"role":"user","content":"hi"}]`, "/v1/projects/p/locations/us-east5/publishers/anthropic/models/claude-x@1:rawPredict",
			"Bearer ya29.vertex-token", `{"max_tokens":9,"messages":[{"role":"user","content":"hi"}],"anthropic_version":"vertex-2023-10-16"}`},
		{"vclaude", "/v1/messages", `"stream":true,"max_tokens":9,"messages":[{"role":"user","content":"hi"}]`, "/v1/projects/p/locations/us-east5/publishers/anthropic/models/claude-x@1:streamRawPredict",
			"Bearer ya29.vertex-token", `{"stream":true,"max_tokens":9,"messages":[{"role":"user","content":"hi"}],"anthropic_version":"vertex-2023-10-16"}`},
		{"vclaude", "/v1/responses", `"stream":true,"input":"hi"`, "/v1/projects/p/locations/us-east5/publishers/anthropic/models/claude-x@1:streamRawPredict", "Bearer ya29.vertex-token", ""},
		{"vgemini", "/v1/chat/completions", `"messages":[{"role":"user","content":"hi"}]`, "/v1/projects/p/locations/us-central1/endpoints/openapi/chat/completions", "Bearer ya29.vertex-token",
			`{"model":"google/gemini-x","messages":[{"role":"user","content":"hi"}]}`},
		{"vgemini", "/v1beta/models/vgemini:generateContent", `"contents":[{"role":"user","parts":[{"text":"hi"}]}]`,
			"/v1/projects/p/locations/us-central1/publishers/google/models/gemini-x:generateContent", "Bearer ya29.vertex-token", ""},
	} {
		t.Run(c.model+c.route, func(t *testing.T) {
			t.Parallel()
			cloud := &cloudDouble{}
			s := startClouds(t, cloud.serve)
			got := s.Send("POST", c.route, fmt.Sprintf(`{"model":%q,%s}`, c.model, c.body), map[string]string{
				"Anthropic-Beta": "claude-code-20250219,context-1m-2025-08-07", "X-Amz-Security-Token": "of-the-client"})
			if got.Status != 200 || !strings.Contains(strings.ReplaceAll(got.Body, "hel", "hello"), "hello") {
				t.Fatalf("%d %s", got.Status, got.Body)
			}
			if strings.Contains(c.body, `"stream":true`) && !strings.HasPrefix(got.Header.Get("Content-Type"), "text/event-stream") {
				t.Errorf("the stream is %s", got.Header.Get("Content-Type"))
			}
			if cloud.path != c.path || !strings.HasPrefix(cloud.header.Get("Authorization"), c.authorization) {
				t.Errorf("the cloud got %s with %v", cloud.path, cloud.header)
			}
			if cloud.header.Get("Anthropic-Version") != "" || cloud.header.Get("X-Amz-Security-Token") != "" {
				t.Errorf("the cloud got %v", cloud.header)
			}
			if c.sent != "" && cloud.body != c.sent {
				t.Errorf("the cloud got\n%s\nwant\n%s", cloud.body, c.sent)
			}
			if all := s.Log.String() + got.Body + fmt.Sprint(got.Header); strings.Contains(all, "s3cr3tkey") || strings.Contains(all, "ya29.") {
				t.Errorf("a secret is shown: %s", all)
			}
		})
	}
}

func TestBrokenStreamsOfBedrockEndInTheClientsError(t *testing.T) {
	t.Parallel()
	flipped := bytes.Clone(helloFrames[1])
	flipped[len(flipped)-5] ^= 1
	for name, c := range map[string]struct {
		last []byte
		want string
	}{
		"throttled":         {cloudFrame("throttlingException", `{"message":"Too many tokens"}`), "Too many tokens"},
		"a broken checksum": {flipped, "event stream is broken"},
		"cut off":           {helloFrames[2][:20], ""},
	} {
		s := startClouds(t, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/vnd.amazon.eventstream")
			_, _ = w.Write(bytes.Join([][]byte{helloFrames[0], helloFrames[1], c.last}, nil)) // the router may leave
		})
		for route, body := range map[string]string{"/v1/chat/completions": `"messages":[]`, "/v1/messages": `"messages":[],"max_tokens":9`,
			"/v1/responses": `"input":"hi"`} {
			got := s.Send("POST", route, `{"model":"nova","stream":true,`+body+`}`, nil)
			if !strings.Contains(got.Body, "hel") || !strings.Contains(got.Body, "error") || !strings.Contains(got.Body, c.want) ||
				strings.Contains(got.Body, "[DONE]") || strings.Contains(got.Body, "message_stop") || strings.Contains(got.Body, "response.completed") {
				t.Errorf("%s %s: %s", name, route, got.Body)
			}
		}
	}
}

func TestErrorsOfTheCloudsAreRetriedWhereThatHelps(t *testing.T) {
	t.Parallel()
	aws := func(code, message string) func(http.ResponseWriter, int) {
		return func(w http.ResponseWriter, status int) {
			w.Header().Set("X-Amzn-Errortype", code)
			w.WriteHeader(status)
			fmt.Fprintf(w, `{"message":%q}`, message)
		}
	}
	for _, c := range []struct {
		name, model string
		status      int
		answer      func(http.ResponseWriter, int)
		asked       int
		want        []string
	}{
		{"expired keys", "nova", 403, aws("ExpiredTokenException", "The security token included in the request is expired"), 1,
			[]string{"security token included in the request is expired", "have expired"}},
		{"a clock", "nova", 403, aws("InvalidSignatureException", "Signature expired: 1 is now earlier than 2"), 1, []string{"clock is wrong"}},
		{"a model that the region lacks", "nova", 400, aws("ValidationException", "The provided model identifier is invalid."), 1,
			[]string{"model identifier is invalid", "Region us-east-1"}},
		{"an outage", "nova", 503, aws("ServiceUnavailableException", "busy"), 3, []string{"ServiceUnavailableException: busy"}},
		{"an expired token of Google's", "vclaude", 401, func(w http.ResponseWriter, status int) {
			w.WriteHeader(status)
			fmt.Fprint(w, `{"error":{"code":401,"message":"Request had invalid authentication credentials.","status":"UNAUTHENTICATED"}}`)
		}, 2, []string{"invalid authentication credentials"}},
		{"a model that the location lacks", "vclaude", 404, func(w http.ResponseWriter, status int) {
			w.WriteHeader(status)
			fmt.Fprint(w, `[{"error":{"code":404,"message":"Publisher Model was not found","status":"NOT_FOUND"}}]`)
		}, 1, []string{"Publisher Model was not found", "Location us-east5 of project p"}},
	} {
		for _, route := range []string{"/v1/chat/completions", "/v1/messages"} {
			var asked atomic.Int32
			s := startClouds(t, func(w http.ResponseWriter, _ *http.Request) {
				asked.Add(1)
				c.answer(w, c.status)
			})
			got := s.Send("POST", route, fmt.Sprintf(`{"model":%q,"max_tokens":9,"messages":[]}`, c.model), nil)
			for _, want := range c.want {
				if !strings.Contains(got.Body, want) {
					t.Errorf("%s %s: %s has no %q", c.name, route, got.Body, want)
				}
			}
			if got.Status != c.status || int(asked.Load()) != c.asked {
				t.Errorf("%s %s: %d after %d: %s", c.name, route, got.Status, asked.Load(), got.Body)
			}
		}
	}
}

func TestThrottlingCoolsADeploymentDown(t *testing.T) {
	t.Parallel()
	cloud, throttled := &cloudDouble{}, atomic.Int32{}
	yaml := fmt.Sprintf(`model_list:
  - {model_name: nova, litellm_params: {model: bedrock/us.amazon.nova-pro-v1:0, order: 1, %[1]s}}
  - {model_name: nova, litellm_params: {model: bedrock/eu.amazon.nova-pro-v1:0, order: 2, %[1]s}}
general_settings: {master_key: sk-test}
`, awsKeys)
	s := routertest.StartBefore(t, yaml, router.Options{}, func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.URL.Path, "/us.") {
			throttled.Add(1)
			w.Header().Set("X-Amzn-Errortype", "ThrottlingException")
			w.WriteHeader(http.StatusTooManyRequests)
			fmt.Fprint(w, `{"message":"Too many requests"}`)
			return
		}
		cloud.serve(w, r)
	})
	for range 3 {
		if got := s.Chat("nova"); got.Status != 200 {
			t.Errorf("%d %s", got.Status, got.Body)
		}
	}
	if n := throttled.Load(); n != 1 {
		t.Errorf("the deployment that is throttled was asked %d times", n)
	}
}

func TestARoleIsAssumedAgainWhenItsCredentialsAreRefused(t *testing.T) {
	t.Parallel()
	var given atomic.Int32
	sts := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, `<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>ASIA%d</AccessKeyId><SecretAccessKey>s</SecretAccessKey>
			<SessionToken>session-%[1]d</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>`, given.Add(1))
	}))
	t.Cleanup(sts.Close)
	cloud := &cloudDouble{}
	yaml := fmt.Sprintf(`model_list:
  - {model_name: nova, litellm_params: {model: bedrock/amazon.nova-pro-v1:0, %s, aws_role_name: "arn:aws:iam::1:role/r", aws_sts_endpoint: %q}}
general_settings: {master_key: sk-test}
`, awsKeys, sts.URL)
	s := routertest.StartBefore(t, yaml, router.Options{}, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Amz-Security-Token") == "session-1" {
			w.Header().Set("X-Amzn-Errortype", "ExpiredTokenException")
			w.WriteHeader(http.StatusForbidden)
			fmt.Fprint(w, `{"message":"The security token included in the request is expired"}`)
			return
		}
		cloud.serve(w, r)
	})
	for range 2 {
		if got := s.Chat("nova"); got.Status != 200 {
			t.Fatalf("%d %s", got.Status, got.Body)
		}
	}
	if token := cloud.header.Get("X-Amz-Security-Token"); token != "session-2" || given.Load() != 2 {
		t.Errorf("the last request had %s after %d sessions", token, given.Load())
	}
}

func TestWithoutCredentialsTheCloudIsNotAsked(t *testing.T) {
	t.Parallel()
	cloud := &cloudDouble{}
	s := routertest.StartBefore(t, `model_list:
  - {model_name: nova, litellm_params: {model: bedrock/amazon.nova-pro-v1:0, aws_profile_name: nosuch-profile, aws_region_name: us-east-1,
      aws_bedrock_runtime_endpoint: "http://UP"}}
  - {model_name: ver, litellm_params: {model: vertex_ai/gemini-x, vertex_project: p, vertex_credentials: /nowhere.json, api_base: "http://UP"}}
general_settings: {master_key: sk-test}
`, router.Options{}, cloud.serve)
	for model, want := range map[string]string{"nova": "nosuch-profile", "ver": "vertex_credentials"} {
		if got := s.Chat(model); got.Status != 401 || !strings.Contains(got.Body, want) {
			t.Errorf("%d %s", got.Status, got.Body)
		}
	}
	if cloud.asked != 0 || len(s.Slept()) != 0 {
		t.Errorf("%d requests, %v slept", cloud.asked, s.Slept())
	}
}
