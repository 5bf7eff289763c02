package deployment_test

import (
	"testing"

	"github.com/flowgate-go/flowgate/internal/router/deployment"
	"github.com/flowgate-go/flowgate/internal/router/dialect"
)

// TestEachRequestHasItsAddressAtTheClouds has the addresses that AWS and Google document.
func TestEachRequestHasItsAddressAtTheClouds(t *testing.T) {
	t.Parallel()
	const (
		aws    = "https://bedrock-runtime.us-east-1.amazonaws.com/model/"
		google = "https://aiplatform.googleapis.com/v1/projects/p/locations/global/"
		gemini = google + "publishers/google/models/gemini-x"
		keys   = `, aws_region_name: us-east-1}}`
		place  = `, vertex_project: p, vertex_location: global}}`
	)
	type addresses struct{ whole, stream string }
	same := func(u string) addresses { return addresses{u, u} }
	for params, want := range map[string]map[dialect.Dialect]addresses{
		`{model: "bedrock/us.anthropic.claude-x-v1:0"` + keys: {
			dialect.Messages: {aws + "us.anthropic.claude-x-v1:0/invoke", aws + "us.anthropic.claude-x-v1:0/invoke-with-response-stream"},
			dialect.Converse: {aws + "us.anthropic.claude-x-v1%3A0/converse", aws + "us.anthropic.claude-x-v1%3A0/converse-stream"}},
		`{model: "bedrock/arn:aws:bedrock:us-east-1:1:inference-profile/a"` + keys: {
			dialect.Converse: {aws + "arn%3Aaws%3Abedrock%3Aus-east-1%3A1%3Ainference-profile%2Fa/converse",
				aws + "arn%3Aaws%3Abedrock%3Aus-east-1%3A1%3Ainference-profile%2Fa/converse-stream"}},
		`{model: vertex_ai/gemini-x` + place: {
			dialect.Chat:        same(google + "endpoints/openapi/chat/completions"),
			dialect.Gemini:      {gemini + ":generateContent", gemini + ":streamGenerateContent?alt=sse"},
			dialect.GeminiCount: same(gemini + ":countTokens")},
		`{model: vertex_ai/claude-x@1` + place: {dialect.Messages: {google + "publishers/anthropic/models/claude-x@1:rawPredict",
			google + "publishers/anthropic/models/claude-x@1:streamRawPredict"}},
		`{model: vertex_ai/meta/llama-x` + place: {dialect.Chat: same(google + "endpoints/openapi/chat/completions")},
	} {
		d := deployment.New(load(t, params, nil).Deployments[0])
		if !d.IsCloud() || d.Authorizer == nil {
			t.Errorf("%s: a cloud: %v, %v", params, d.IsCloud(), d.Authorizer)
		}
		for in, w := range want {
			if got := (addresses{d.URL(in, false, "").String(), d.URL(in, true, "").String()}); !d.Serves(in) || got != w {
				t.Errorf("%s %s: %+v, want %+v", params, in, got, w)
			}
		}
	}
}

// TestAKeyTakesThePlaceOfCredentials: it is sent as a bearer token, and nothing is signed.
func TestAKeyTakesThePlaceOfCredentials(t *testing.T) {
	t.Parallel()
	for params, version := range map[string]string{
		`{model: bedrock/amazon.nova, aws_region_name: us-east-1, api_key: k}}`: "bedrock-2023-05-31",
		`{model: vertex_ai/claude-x, vertex_project: p, api_key: k}}`:           "vertex-2023-10-16",
	} {
		d := deployment.New(load(t, params, nil).Deployments[0])
		if d.Authorizer != nil || d.Key != "k" || d.MessagesVersion != version {
			t.Errorf("%s: %v %q %q", params, d.Authorizer, d.Key, d.MessagesVersion)
		}
	}
	if d := deployment.New(load(t, `{model: openai/x, api_key: k}}`, nil).Deployments[0]); d.IsCloud() || d.MessagesVersion != "" {
		t.Errorf("%+v", d)
	}
}
