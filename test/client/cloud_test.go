package client_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/anthropics/anthropic-sdk-go"
	"github.com/anthropics/anthropic-sdk-go/bedrock"
	"github.com/anthropics/anthropic-sdk-go/option"
	"github.com/anthropics/anthropic-sdk-go/vertex"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/protocol/eventstream"
	"golang.org/x/oauth2"
	oauthgoogle "golang.org/x/oauth2/google"

	"github.com/flowgate-go/flowgate/internal/router"
	"github.com/flowgate-go/flowgate/internal/router/settings"
)

// cloudEvents are the events of a message with thinking, a text and a call.
var cloudEvents = []string{
	`{"type":"message_start","message":{"id":"msg_1","type":"message","role":"assistant","model":"up","content":[],"stop_reason":null,"usage":{"input_tokens":3,"output_tokens":1}}}`,
	`{"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":"","signature":""}}`,
	`{"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"hm"}}`,
	`{"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"c2ln"}}`,
	`{"type":"content_block_stop","index":0}`,
	`{"type":"content_block_start","index":1,"content_block":{"type":"text","text":""}}`,
	`{"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":"I look"}}`,
	`{"type":"content_block_stop","index":1}`,
	`{"type":"content_block_start","index":2,"content_block":{"type":"tool_use","id":"t1","name":"Read","input":{}}}`,
	`{"type":"content_block_delta","index":2,"delta":{"type":"input_json_delta","partial_json":"{\"path\":\"a\"}"}}`,
	`{"type":"content_block_stop","index":2}`,
	`{"type":"message_delta","delta":{"stop_reason":"tool_use","stop_sequence":null},"usage":{"output_tokens":9}}`,
	`{"type":"message_stop"}`}

// cloudMessage is a message with a text.
const cloudMessage = `{"id":"msg_1","type":"message","role":"assistant","model":"up","content":[{"type":"text","text":"hello"}],` +
	`"stop_reason":"end_turn","stop_sequence":null,"usage":{"input_tokens":3,"output_tokens":2}}`

// cloud is a double of Bedrock and of Vertex AI as far as Claude goes.
type cloud struct {
	mu   sync.Mutex
	seen []string // path, who sends it, and body of each request
}

// variable matches the parts of a signature that differ each time.
var variable = regexp.MustCompile(`/\d{8}/|SignedHeaders=[^,]*|Signature=[0-9a-f]{64}`)

// ServeHTTP answers requests for messages, whole or as a stream.
func (c *cloud) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body) // what was read is compared
	var v any
	_ = json.Unmarshal(body, &v)
	ordered, _ := json.Marshal(v) // of a document that was read
	path := strings.ReplaceAll(r.URL.EscapedPath(), "%3A", ":")
	c.mu.Lock()
	c.seen = append(c.seen, fmt.Sprintf("%s %s %s", path, variable.ReplaceAllString(r.Header.Get("Authorization"), "…"), ordered))
	c.mu.Unlock()
	switch {
	case strings.HasSuffix(path, "/invoke-with-response-stream"):
		w.Header().Set("Content-Type", "application/vnd.amazon.eventstream")
		for _, event := range cloudEvents {
			_, _ = w.Write(chunk(event)) // an error means that the client left
		}
	case strings.HasSuffix(path, ":streamRawPredict"):
		w.Header().Set("Content-Type", "text/event-stream")
		for _, event := range cloudEvents {
			var typed struct{ Type string }
			_ = json.Unmarshal([]byte(event), &typed)
			fmt.Fprintf(w, "event: %s\ndata: %s\n\n", typed.Type, event)
		}
	default:
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, cloudMessage)
	}
}

// chunk returns a frame of Bedrock's with an event.
func chunk(event string) []byte {
	m := eventstream.Message{Payload: fmt.Appendf(nil, `{"bytes":%q}`, base64.StdEncoding.EncodeToString([]byte(event)))}
	m.Headers.Set(":message-type", eventstream.StringValue("event"))
	m.Headers.Set(":event-type", eventstream.StringValue("chunk"))
	var b bytes.Buffer
	_ = eventstream.NewEncoder().Encode(&b, m) // to memory, it cannot fail
	return b.Bytes()
}

// routerBeforeCloud runs a router before the double, and returns its address.
func routerBeforeCloud(t *testing.T, address string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "litellm.yaml")
	text := fmt.Sprintf(`model_list:
  - {model_name: bedrock, litellm_params: {model: bedrock/us.anthropic.claude-x-v1:0, aws_region_name: us-east-1, aws_access_key_id: AKIDEXAMPLE,
      aws_secret_access_key: s, aws_bedrock_runtime_endpoint: %q}}
  - {model_name: vertex, litellm_params: {model: vertex_ai/claude-x@1, vertex_project: p, vertex_location: us-east5, api_key: a-token, api_base: %[1]q}}
general_settings: {master_key: sk-test}
`, address)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := settings.Load(path, func(string) string { return "" })
	if err != nil {
		t.Fatal(err)
	}
	handler, err := router.New(s, router.Options{})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(handler)
	t.Cleanup(func() {
		server.Close()
		if err := handler.Close(); err != nil {
			t.Error(err)
		}
	})
	return server.URL
}

// TestAnthropicsClientsOfCloudsGetTheSame has Anthropic's own clients of Bedrock and Vertex AI
// and its ordinary client, through the router, read the same double. They get the same message,
// and the double the same requests.
func TestAnthropicsClientsOfCloudsGetTheSame(t *testing.T) {
	t.Parallel()
	double := &cloud{}
	server := httptest.NewServer(double)
	t.Cleanup(server.Close)
	throughRouter := anthropic.NewClient(option.WithBaseURL(routerBeforeCloud(t, server.URL)), option.WithAuthToken("sk-test"))
	awsConfig := aws.Config{Region: "us-east-1", Credentials: aws.CredentialsProviderFunc(
		func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: "s"}, nil
		})}
	token := &oauthgoogle.Credentials{TokenSource: oauth2.StaticTokenSource(&oauth2.Token{AccessToken: "a-token"})}
	for _, c := range []struct {
		group, model string
		client       anthropic.Client
	}{
		{"bedrock", "us.anthropic.claude-x-v1:0", anthropic.NewClient(bedrock.WithConfig(awsConfig), option.WithBaseURL(server.URL))},
		{"vertex", "claude-x@1", anthropic.NewClient(vertex.WithCredentials(t.Context(), "us-east5", "p", token), option.WithBaseURL(server.URL))},
	} {
		for _, isStream := range []bool{false, true} {
			direct := askForMessage(t, c.client, c.model, isStream)
			routed := askForMessage(t, throughRouter, c.group, isStream)
			if strings.Replace(routed, `"`+c.group+`"`, `"up"`, 1) != direct {
				t.Errorf("%s, stream %v: through the router\n%s\ndirectly\n%s", c.group, isStream, routed, direct)
			}
			if n := len(double.seen); n < 2 || double.seen[n-1] != double.seen[n-2] {
				t.Errorf("%s, stream %v: the double got\n%s", c.group, isStream, strings.Join(double.seen, "\n"))
			}
		}
	}
}

// askForMessage returns the message that a client gets, as JSON.
func askForMessage(t *testing.T, client anthropic.Client, model string, isStream bool) string {
	t.Helper()
	params := anthropic.MessageNewParams{Model: anthropic.Model(model), MaxTokens: 9,
		Messages: []anthropic.MessageParam{anthropic.NewUserMessage(anthropic.NewTextBlock("hi"))}}
	var message anthropic.Message
	if !isStream {
		got, err := client.Messages.New(t.Context(), params)
		if err != nil {
			t.Fatal(err)
		}
		message = *got
	} else {
		stream := client.Messages.NewStreaming(t.Context(), params)
		for stream.Next() {
			if err := message.Accumulate(stream.Current()); err != nil {
				t.Fatal(err)
			}
		}
		if err := stream.Err(); err != nil {
			t.Fatal(err)
		}
	}
	content, err := json.Marshal(message.Content)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%q %s %s %d %s", message.Model, message.ID, message.StopReason, message.Usage.OutputTokens, content)
}
