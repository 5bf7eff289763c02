package router_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/flowgate-go/flowgate/internal/router"
	"github.com/flowgate-go/flowgate/internal/router/routertest"
)

// TestEachCloudGetsTheBetasThatItKnows sends every value of the header that LiteLLM 1.106.2 knows, and
// two others; Bedrock gets its own in the body, Vertex AI in the header, each of them once.
func TestEachCloudGetsTheBetasThatItKnows(t *testing.T) {
	t.Parallel()
	both := []string{"compact-2026-01-12", "computer-use-2025-01-24", "computer-use-2025-11-24", "context-1m-2025-08-07",
		"context-management-2025-06-27", "dangerous-tool-use-2026-09-03", "thinking-binding-controls-2026-08-01",
		"thinking-display-updates-2026-08-18", "tool-search-tool-2025-10-19"}
	bedrock := []string{"effort-2025-11-24", "fine-grained-tool-streaming-2025-05-14", "mid-conversation-output-config-2026-07-01",
		"mid-conversation-tool-changes-2026-07-01"}
	google := []string{"interleaved-thinking-2025-05-14", "web-search-2025-03-05", "inline-tools-2026-09-15", "per-turn-control-2026-07-01"}
	sent := strings.Join(both, ", ") + ",claude-code-20250219," + strings.Join(bedrock, ",") + "," + strings.Join(google, ",") + ",," +
		strings.Join(both, ",")
	quoted := `"anthropic_beta":["` + strings.Join(append(both[:len(both):len(both)], bedrock...), `","`) + `"]`
	joined := strings.Join(append(both[:len(both):len(both)], google...), ",")
	for _, c := range []struct{ model, route, betas, body, header string }{
		{"claude", "/v1/messages", sent, quoted, ""},
		{"claude", "/v1/messages", "unknown-1", "", ""},
		{"claude", "/v1/chat/completions", sent, "", ""},
		{"vclaude", "/v1/messages", sent, "", joined},
		{"vclaude", "/v1/messages", "unknown-1", "", ""},
		{"vclaude", "/v1/messages", "", "", ""},
		{"vgemini", "/v1/chat/completions", sent, "", ""},
	} {
		cloud := &cloudDouble{}
		s := startClouds(t, cloud.serve)
		got := s.Send("POST", c.route, fmt.Sprintf(`{"model":%q,"max_tokens":9,"messages":[{"role":"user","content":"hi"}]}`, c.model),
			map[string]string{"Anthropic-Beta": c.betas})
		values, isSent := cloud.header["Anthropic-Beta"]
		if got.Status != 200 || isSent != (c.header != "") || strings.Join(values, ";") != c.header {
			t.Errorf("%s %s: %d, the cloud got %q", c.model, c.route, got.Status, values)
		}
		if !strings.Contains(cloud.body, c.body) || (c.body == "") == strings.Contains(cloud.body, "anthropic_beta") {
			t.Errorf("%s %s: the cloud got %s", c.model, c.route, cloud.body)
		}
	}
}

// TestCredentialsThatCannotBeHadForNowAreTriedAgain has a token service that fails some times: when it
// does not know itself, it is asked again; when it refuses, it is not.
func TestCredentialsThatCannotBeHadForNowAreTriedAgain(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name                         string
		answer, failures             int
		status, stsAsked, cloudAsked int
	}{
		{"an outage that ends", 503, 1, 200, 2, 1},
		{"an outage", 503, 99, 503, 3, 0},
		{"a refusal", 403, 99, 401, 1, 0},
	} {
		var asked atomic.Int32
		sts := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			if int(asked.Add(1)) <= c.failures {
				w.WriteHeader(c.answer)
				fmt.Fprint(w, `<ErrorResponse><Error><Code>Trouble</Code><Message>not today</Message></Error></ErrorResponse>`)
				return
			}
			fmt.Fprint(w, `<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>ASIA</AccessKeyId>`+
				`<SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration>`+
				`</Credentials></AssumeRoleResult></AssumeRoleResponse>`)
		}))
		t.Cleanup(sts.Close)
		cloud := &cloudDouble{}
		yaml := fmt.Sprintf(`model_list:
  - {model_name: nova, litellm_params: {model: bedrock/amazon.nova-pro-v1:0, %s, aws_role_name: "arn:aws:iam::1:role/r", aws_sts_endpoint: %q}}
general_settings: {master_key: sk-test}
`, awsKeys, sts.URL)
		s := routertest.StartBefore(t, yaml, router.Options{}, cloud.serve)
		got := s.Chat("nova")
		if got.Status != c.status || int(asked.Load()) != c.stsAsked || cloud.asked != c.cloudAsked {
			t.Errorf("%s: %d %s; the token service was asked %d times, the cloud %d", c.name, got.Status, got.Body, asked.Load(), cloud.asked)
		}
		if c.status != 200 && !strings.Contains(got.Body, "not today") {
			t.Errorf("%s: %s", c.name, got.Body)
		}
	}
}
